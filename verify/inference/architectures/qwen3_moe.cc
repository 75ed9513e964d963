// Qwen3 with experts in some layers.
//
// `head_dim` follows from the width when absent, as in its code. `attention_bias` and `tie_word_embeddings` are false
// when absent. Windows are refused: readers differ in which layers have one, and no published model does.
#include <algorithm>
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

void ReadExperts(ConfigReader& reader, DecoderSpec& spec) {
  spec.experts = {.experts = reader.Size("num_experts", limits::kModelWidthMax),
                  .used = reader.Size("num_experts_per_tok", limits::kModelWidthMax),
                  .width = reader.Size("moe_intermediate_size", limits::kModelWidthMax),
                  .normalised = reader.Flag("norm_topk_prob")};
  spec.names.router = "mlp.gate";
  spec.names.expert = "mlp.experts.";
  const uint64_t step = reader.Size("decoder_sparse_step", limits::kModelLayersMax);
  const std::vector<uint64_t> plain = reader.CountsOr("mlp_only_layers", limits::kModelLayersMax);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    spec.layers[i].experts = (i + 1) % step == 0 && std::find(plain.begin(), plain.end(), i) == plain.end();
  }
  reader.Irrelevant({"output_router_logits", "router_aux_loss_coef"});  // Training.
}

absl::StatusOr<std::unique_ptr<Model>> ParseQwen3Moe(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "qwen3_moe";
  ReadLlamaLayout(reader, {.class_name = "Qwen3MoeForCausalLM", .head_size_follows_width = true}, "hidden_act", spec);
  spec.names.q_norm = "self_attn.q_norm";
  spec.names.k_norm = "self_attn.k_norm";
  spec.qkv_bias = spec.out_bias = reader.FlagOr("attention_bias", false);
  reader.Only("use_sliding_window", false);
  reader.Irrelevant({"sliding_window", "max_window_layers"});
  ReadExperts(reader, spec);
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kQwen3MoeArchitecture = {"qwen3_moe", &ParseQwen3Moe};

}  // namespace plumb
