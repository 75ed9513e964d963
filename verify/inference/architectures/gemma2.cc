// Gemma 2: Gemma with norms on both sides of each part, capped scores and logits, and a window in every other layer.
//
// `attention_bias` is false and `tie_word_embeddings` true when absent; without `layer_types` the even layers have the
// window. The caps must be stated, as null where there is none.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/gemma2_layout.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseGemma2(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "gemma2";
  ReadLlamaLayout(reader, {.class_name = "Gemma2ForCausalLM", .tied = true}, "hidden_activation", spec);
  ReadGemma2Layout(reader, spec);
  spec.attention_soft_cap = reader.PositiveOrNull("attn_logit_softcapping").value_or(0);
  spec.final_soft_cap = reader.PositiveOrNull("final_logit_softcapping").value_or(0);
  const uint64_t window = reader.Size("sliding_window", limits::kModelWidthMax);
  std::vector<bool> alternating;
  for (size_t i = 0; i < spec.layers.size(); ++i) alternating.push_back(i % 2 == 0);
  const std::vector<bool> windows = ReadLayerTypes(reader, alternating, "");
  for (size_t i = 0; i < windows.size(); ++i) spec.layers[i].window = windows[i] ? window : 0;
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kGemma2Architecture = {"gemma2", &ParseGemma2};

}  // namespace plumb
