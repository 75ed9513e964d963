// Llama 1 to 3 and the many models of its shape.
//
// Keys and their defaults follow configuration_llama.py of transformers: without `num_key_value_heads` each head has
// keys of its own, without `head_dim` it follows from the width, `attention_bias`, `mlp_bias` and
// `tie_word_embeddings` are false.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseLlama(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "llama";
  ReadLlamaLayout(reader,
                  {.class_name = "LlamaForCausalLM", .kv_heads_are_heads = true, .head_size_follows_width = true},
                  "hidden_act", spec);
  spec.qkv_bias = spec.out_bias = reader.FlagOr("attention_bias", false);
  spec.mlp_bias = reader.FlagOr("mlp_bias", false);
  reader.Irrelevant({"pretraining_tp"});  // The same products in parts.
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kLlamaArchitecture = {"llama", &ParseLlama};

}  // namespace plumb
