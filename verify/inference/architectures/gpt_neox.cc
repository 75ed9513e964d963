// GPT-NeoX-20B and Pythia.
//
// `use_parallel_residual` and `attention_bias` are true and `tie_word_embeddings` false when absent, as in its class.
#include <cmath>
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// transformers writes the base and the share under their common names too.
void CheckOtherNames(ConfigReader& reader, const DecoderSpec& spec) {
  const RopeParameters& rope = spec.ropes[0];
  if (reader.PositiveIfAny("rope_theta").value_or(rope.theta) != rope.theta) {
    reader.Refuse("rope_theta", "differs from rotary_emb_base");
  }
  const std::optional<double> share = reader.PositiveIfAny("partial_rotary_factor");
  if (share && std::floor(*share * static_cast<double>(spec.head_size)) != static_cast<double>(rope.rotary)) {
    reader.Refuse("partial_rotary_factor", "differs from rotary_pct");
  }
}

absl::StatusOr<std::unique_ptr<Model>> ParseGptNeox(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "gpt_neox";
  ReadSizes(reader, spec);
  SplitWidthIntoHeads(reader, "num_attention_heads", spec);
  spec.inner_width = reader.Size("intermediate_size", limits::kModelWidthMax);
  spec.activation = reader.Activation("hidden_act");
  spec.norm = {.rms = false, .bias = true, .epsilon = reader.Positive("layer_norm_eps")};
  spec.residual =
      reader.FlagOr("use_parallel_residual", true) ? ResidualLayout::kParallelTwoNorms : ResidualLayout::kSequential;
  spec.qkv = QkvLayout::kByGroup;
  spec.qkv_bias = spec.out_bias = reader.FlagOr("attention_bias", true);
  spec.mlp_bias = true;
  spec.names.embedding = "embed_in";
  spec.names.qkv = "attention.query_key_value";
  spec.names.out = "attention.dense";
  spec.names.gate = "";
  spec.names.up = "mlp.dense_h_to_4h";
  spec.names.down = "mlp.dense_4h_to_h";
  spec.names.final_norm = "final_layer_norm";
  spec.names.head = "embed_out";
  spec.prefixes = {"gpt_neox."};
  spec.ignored_in_layer = {"attention.bias", "attention.masked_bias", "attention.rotary_emb.inv_freq"};
  ReadLanguageModel(reader, {.class_name = "GPTNeoXForCausalLM"}, spec);
  ReadOneRope(reader, {.theta_key = "rotary_emb_base", .partial_key = "rotary_pct"}, spec);
  CheckOtherNames(reader, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kGptNeoxArchitecture = {"gpt_neox", &ParseGptNeox};

}  // namespace plumb
