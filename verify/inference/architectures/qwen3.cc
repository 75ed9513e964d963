// Qwen3: Llama with the queries and keys of each head normalised.
//
// `head_dim` must be stated. `attention_bias`, `use_sliding_window` and `tie_word_embeddings` are false when absent.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseQwen3(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "qwen3";
  ReadLlamaLayout(reader, {.class_name = "Qwen3ForCausalLM"}, "hidden_act", spec);
  spec.names.q_norm = "self_attn.q_norm";
  spec.names.k_norm = "self_attn.k_norm";
  spec.qkv_bias = spec.out_bias = reader.FlagOr("attention_bias", false);
  ReadQwenWindows(reader, spec);
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kQwen3Architecture = {"qwen3", &ParseQwen3};

}  // namespace plumb
