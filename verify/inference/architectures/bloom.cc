// BLOOM: biases on scores instead of positions.
//
// Its GELU is fixed. `apply_residual_connection_post_layernorm` is false and `tie_word_embeddings` true when absent.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// Refuses a second name of a size that says another.
void RequireSame(ConfigReader& reader, const std::string& key, uint64_t value) {
  if (reader.SizeOr(key, limits::kModelWidthMax, value) != value) reader.Refuse(key, "differs from its other name");
}

absl::StatusOr<std::unique_ptr<Model>> ParseBloom(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "bloom";
  spec.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  spec.width = reader.Size(reader.Has("n_embed") ? "n_embed" : "hidden_size", limits::kModelWidthMax);
  RequireSame(reader, "hidden_size", spec.width);
  spec.layers.resize(reader.Size(reader.Has("n_layer") ? "n_layer" : "num_hidden_layers", limits::kModelLayersMax));
  RequireSame(reader, "num_hidden_layers", spec.layers.size());
  spec.heads = reader.Size(reader.Has("n_head") ? "n_head" : "num_attention_heads", limits::kModelWidthMax);
  RequireSame(reader, "num_attention_heads", spec.heads);
  SplitWidthIntoHeads(reader, "n_head", spec);
  // Nothing in the model limits how long a sequence is.
  spec.positions_max = reader.SizeOr("seq_length", limits::kModelWidthMax, limits::kModelWidthMax);
  spec.inner_width = 4 * spec.width;
  spec.activation = UnaryFunction::kGeluTanh;
  spec.norm = {.rms = false, .bias = true, .epsilon = reader.Positive("layer_norm_epsilon")};
  if (reader.FlagOr("apply_residual_connection_post_layernorm", false)) spec.residual = ResidualLayout::kFromNorm;
  spec.alibi = AlibiSpec{};
  spec.qkv = QkvLayout::kByGroup;
  spec.qkv_bias = spec.out_bias = spec.mlp_bias = true;
  spec.names.embedding = "word_embeddings";
  spec.names.embedding_norm = "word_embeddings_layernorm";
  spec.names.layer = "h.";
  spec.names.qkv = "self_attention.query_key_value";
  spec.names.out = "self_attention.dense";
  spec.names.gate = "";
  spec.names.up = "mlp.dense_h_to_4h";
  spec.names.down = "mlp.dense_4h_to_h";
  spec.names.final_norm = "ln_f";
  spec.prefixes = {"transformer."};
  ReadLanguageModel(reader, {.class_name = "BloomForCausalLM", .tied = true}, spec);
  reader.Only("n_inner", nullptr);
  reader.Only("skip_bias_add", true);
  reader.Only("skip_bias_add_qkv", false);
  // The same sums in other precisions or parts, and an offset that no reader uses.
  reader.Irrelevant({"attention_softmax_in_fp32", "bias_dropout_fusion", "masked_softmax_fusion", "pretraining_tp",
                     "slow_but_exact", "offset_alibi", "unk_token_id"});
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kBloomArchitecture = {"bloom", &ParseBloom};

}  // namespace plumb
