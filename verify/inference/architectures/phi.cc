// Phi-1, 1.5 and 2: attention and feed-forward side by side behind one LayerNorm, part of each head rotated.
//
// Without `num_key_value_heads` each head has keys of its own; `qk_layernorm` and `tie_word_embeddings` are false.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParsePhi(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "phi";
  ReadSizes(reader, spec);
  const DecoderDefaults defaults = {
      .class_name = "PhiForCausalLM", .kv_heads_are_heads = true, .head_size_follows_width = true};
  ReadKeyHeads(reader, defaults, spec);
  spec.inner_width = reader.Size("intermediate_size", limits::kModelWidthMax);
  spec.activation = reader.Activation("hidden_act");
  spec.norm = {.rms = false, .bias = true, .epsilon = reader.Positive("layer_norm_eps")};
  spec.residual = ResidualLayout::kParallel;
  spec.qkv_bias = spec.out_bias = spec.mlp_bias = spec.head_bias = true;
  spec.names.mlp_norm = "";
  spec.names.final_norm = "final_layernorm";
  spec.names.out = "self_attn.dense";
  spec.names.gate = "";
  spec.names.up = "mlp.fc1";
  spec.names.down = "mlp.fc2";
  if (reader.FlagOr("qk_layernorm", false)) {
    spec.names.q_norm = "self_attn.q_layernorm";
    spec.names.k_norm = "self_attn.k_layernorm";
  }
  spec.prefixes = {"model."};
  spec.ignored_in_layer = {"self_attn.rotary_emb.inv_freq"};
  ReadLanguageModel(reader, defaults, spec);
  ReadOneRope(reader, {.partial_key = "partial_rotary_factor"}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kPhiArchitecture = {"phi", &ParsePhi};

}  // namespace plumb
