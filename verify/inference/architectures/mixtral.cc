// Mixtral: Mistral with experts in every layer.
//
// `sliding_window` absent means none; `head_dim` follows from the width when absent; `tie_word_embeddings` is false.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseMixtral(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "mixtral";
  ReadLlamaLayout(reader, {.class_name = "MixtralForCausalLM", .head_size_follows_width = true}, "hidden_act", spec);
  const uint64_t window = reader.SizeOr("sliding_window", limits::kModelWidthMax, 0);
  for (LayerSpec& layer : spec.layers) layer = {.window = window, .experts = true};
  spec.experts = {.experts = reader.Size("num_local_experts", limits::kModelWidthMax),
                  .used = reader.Size("num_experts_per_tok", limits::kModelWidthMax),
                  .width = spec.inner_width,
                  .normalised = true};
  spec.names.router = "block_sparse_moe.gate";
  spec.names.expert = "block_sparse_moe.experts.";
  spec.names.expert_gate = "w1";
  spec.names.expert_up = "w3";
  spec.names.expert_down = "w2";
  reader.Irrelevant({"output_router_logits", "router_aux_loss_coef", "router_jitter_noise"});  // Training.
  ReadOneRope(reader, {}, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kMixtralArchitecture = {"mixtral", &ParseMixtral};

}  // namespace plumb
