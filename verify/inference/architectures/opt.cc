// OPT.
//
// LayerNorms have an epsilon of 1e-5, for which there is no key. When absent, `word_embed_proj_dim` is the width,
// `_remove_final_layer_norm` false, `enable_bias`, `layer_norm_elementwise_affine` and `tie_word_embeddings` true.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseOpt(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "opt";
  ReadSizes(reader, spec);
  SplitWidthIntoHeads(reader, "num_attention_heads", spec);
  spec.inner_width = reader.Size("ffn_dim", limits::kModelWidthMax);
  spec.activation = reader.Activation("activation_function");
  const bool bias = reader.FlagOr("enable_bias", true);
  const bool affine = reader.FlagOr("layer_norm_elementwise_affine", true);
  spec.norm = {.rms = false, .gain = affine, .bias = affine, .epsilon = 1e-5};
  spec.qkv_bias = spec.out_bias = spec.mlp_bias = bias;
  const bool before = reader.Flag("do_layer_norm_before");
  const bool no_final = reader.FlagOr("_remove_final_layer_norm", false);
  spec.residual = before ? ResidualLayout::kSequential : ResidualLayout::kNormAfter;
  spec.names.positions = "embed_positions";
  spec.first_position_row = 2;
  spec.names.attention_norm = "self_attn_layer_norm";
  spec.names.out = "self_attn.out_proj";
  spec.names.mlp_norm = "final_layer_norm";
  spec.names.gate = "";
  spec.names.up = "fc1";
  spec.names.down = "fc2";
  spec.names.final_norm = before && !no_final ? "final_layer_norm" : "";
  spec.embedding_width = reader.SizeOr("word_embed_proj_dim", limits::kModelWidthMax, spec.width);
  if (spec.embedding_width != spec.width) {
    spec.names.project_in = "project_in";
    spec.names.project_out = "project_out";
  }
  spec.prefixes = {"model.decoder.", "decoder."};
  ReadLanguageModel(reader, {.class_name = "OPTForCausalLM", .tied = true}, spec);
  reader.Irrelevant({"dropout", "activation_dropout", "layerdrop", "init_std"});  // Training.
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kOptArchitecture = {"opt", &ParseOpt};

}  // namespace plumb
