// Gemma: Llama's layout, gains stored less one, embeddings scaled, GELU.
//
// `attention_bias` is false and `tie_word_embeddings` true when absent.
#include <cmath>
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseGemma(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "gemma";
  const bool corrected = reader.Has("hidden_activation");
  ReadLlamaLayout(reader, {.class_name = "GemmaForCausalLM", .tied = true},
                  corrected ? "hidden_activation" : "hidden_act", spec);
  // The first configs said `hidden_act: gelu` and meant its approximation; those that were corrected state both.
  if (corrected && reader.Has("hidden_act") && reader.Text("hidden_act") != "gelu" &&
      reader.Activation("hidden_act") != spec.activation) {
    reader.Refuse("hidden_act", "differs from hidden_activation");
  }
  reader.Irrelevant({"hidden_act", "hidden_activation"});
  spec.qkv_bias = spec.out_bias = reader.FlagOr("attention_bias", false);
  spec.norm.gain_offset = 1;
  // The factor is a float32 in the reference.
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kGemmaArchitecture = {"gemma", &ParseGemma};

}  // namespace plumb
