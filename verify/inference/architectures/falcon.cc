// Falcon: 7B (one key head), 40B and 180B (the "new" layout), RW (biases on scores).
//
// What its first code had fixed is what an absent key means: `activation` GELU, `ffn_hidden_size` four widths,
// `rope_theta` 10000, `max_position_embeddings` 2048. `tie_word_embeddings` is true when absent.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

void ReadFalconSizes(ConfigReader& reader, DecoderSpec& spec) {
  spec.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  spec.width = reader.Size("hidden_size", limits::kModelWidthMax);
  spec.layers.resize(reader.Size("num_hidden_layers", limits::kModelLayersMax));
  spec.heads = reader.Size("num_attention_heads", limits::kModelWidthMax);
  spec.positions_max = reader.SizeOr("max_position_embeddings", limits::kModelWidthMax, 2048);
  SplitWidthIntoHeads(reader, "num_attention_heads", spec);
  spec.inner_width = reader.SizeOr("ffn_hidden_size", limits::kModelWidthMax, 4 * spec.width);
  spec.activation = reader.Has("activation") ? reader.Activation("activation") : UnaryFunction::kGeluErf;
  reader.Irrelevant({"activation"});
}

void NameFalconTensors(DecoderSpec& spec) {
  spec.names.embedding = "word_embeddings";
  spec.names.layer = "h.";
  spec.names.qkv = "self_attention.query_key_value";
  spec.names.out = "self_attention.dense";
  spec.names.gate = "";
  spec.names.up = "mlp.dense_h_to_4h";
  spec.names.down = "mlp.dense_4h_to_h";
  spec.names.final_norm = "ln_f";
  spec.prefixes = {"transformer."};
}

// Key heads, norms and residuals.
void ReadFalconLayout(ConfigReader& reader, DecoderSpec& spec) {
  const bool grouped = reader.Flag("new_decoder_architecture");
  const bool single = reader.Flag("multi_query");
  const bool parallel = reader.Flag("parallel_attn");
  const uint64_t norms = reader.SizeOr("num_ln_in_parallel_attn", 2, grouped ? 2 : 1);
  if (grouped) {
    spec.kv_heads = reader.Size("num_kv_heads", limits::kModelWidthMax);
  } else if (single) {
    spec.kv_heads = 1;
  } else if (reader.SizeOr("num_kv_heads", limits::kModelWidthMax, spec.heads) != spec.heads) {
    reader.Refuse("num_kv_heads", "differs from num_attention_heads");
  }
  reader.Irrelevant({"num_kv_heads"});  // Of one or as many key heads as heads it says nothing.
  if (spec.heads % spec.kv_heads != 0) reader.Refuse("num_kv_heads", "does not divide num_attention_heads");
  if (grouped && !parallel) reader.Refuse("parallel_attn", "is false in the new layout, which has no such form");
  if (!grouped && norms == 2) reader.Refuse("num_ln_in_parallel_attn", "is 2, which only the new layout has");
  if (!parallel) return;
  spec.residual = norms == 2 ? ResidualLayout::kParallelTwoNorms : ResidualLayout::kParallel;
  if (norms == 2) {
    spec.names.attention_norm = "ln_attn";
    spec.names.mlp_norm = "ln_mlp";
  }
  reader.Only("apply_residual_connection_post_layernorm", false);
}

absl::StatusOr<std::unique_ptr<Model>> ParseFalcon(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "falcon";
  ReadFalconSizes(reader, spec);
  spec.norm = {.rms = false, .bias = true, .epsilon = reader.Positive("layer_norm_epsilon")};
  spec.qkv = QkvLayout::kByGroup;
  spec.qkv_bias = spec.out_bias = spec.mlp_bias = reader.Flag("bias");
  NameFalconTensors(spec);
  ReadFalconLayout(reader, spec);
  ReadLanguageModel(reader, {.class_name = "FalconForCausalLM", .tied = true}, spec);
  if (reader.Flag("alibi")) {
    spec.alibi = AlibiSpec{.round_to_bf16 = true, .scaled = true};
    reader.Irrelevant({"rope_theta", "rope_scaling", "rope_parameters"});
  } else {
    ReadOneRope(reader, {.theta_absent = 10000}, spec);
  }
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kFalconArchitecture = {"falcon", &ParseFalcon};

}  // namespace plumb
