// ModernBERT by its config.json.
//
// transformers' unpadded form computes the same for sequences without padding.
#include <utility>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/modernbert_model.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

void ReadHeadKeys(ConfigReader& reader, ModernBert& model) {
  model.head = ReadHead(reader, "ModernBert",
                        {EncoderHead::kNone, EncoderHead::kMaskedLm, EncoderHead::kSequence, EncoderHead::kToken});
  model.labels = ReadLabels(reader);
  model.head_activation = reader.Activation("classifier_activation");
  model.head_bias = reader.Flag("classifier_bias");
  model.decoder_bias = reader.Flag("decoder_bias");
  model.tied = reader.FlagOr("tie_word_embeddings", true);
  const std::string pooling = reader.Text("classifier_pooling");
  model.mean_pooling = pooling == "mean";
  if (pooling != "mean" && pooling != "cls") reader.Refuse("classifier_pooling", "is neither \"cls\" nor \"mean\"");
}

void ReadSizes(const nlohmann::json& json, ConfigReader& reader, ModernBert& model) {
  model.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  model.positions = reader.Size("max_position_embeddings", limits::kModelWidthMax);
  model.layers = reader.Size("num_hidden_layers", limits::kModelLayersMax);
  model.block.width = reader.Size("hidden_size", limits::kModelWidthMax);
  model.block.heads = reader.Size("num_attention_heads", limits::kModelWidthMax);
  model.block.inner = reader.Size("intermediate_size", limits::kModelWidthMax);
  model.block.activation = reader.Activation("hidden_activation");
  model.block.epsilon = reader.Positive("norm_eps");
  CheckModernBertHeads(reader, "num_attention_heads", model);
  model.norm_bias = reader.Flag("norm_bias");
  model.attention_bias = reader.Flag("attention_bias");
  model.mlp_bias = reader.Flag("mlp_bias");
  model.global_every = reader.Size("global_attn_every_n_layers", limits::kModelLayersMax);
  model.reach = reader.Size("local_attention", limits::kModelWidthMax) / 2;
  model.global_theta = reader.Positive("global_rope_theta");
  model.local_theta = reader.PositiveIfAny("local_rope_theta").value_or(model.global_theta);
  if (!json.contains("local_rope_theta")) {
    reader.Refuse("local_rope_theta", "is missing; null would mean that it is as global_rope_theta");
  }
}

absl::StatusOr<ModernBert> ReadConfig(const nlohmann::json& json) {
  ConfigReader reader(json);
  ModernBert model;
  ReadSizes(json, reader, model);
  ReadHeadKeys(reader, model);
  reader.IrrelevantToAll();
  // The last two stand in the published configs, but ModernBERT's class does not know them.
  reader.Irrelevant({"attention_dropout", "embedding_dropout", "mlp_dropout", "classifier_dropout", "cls_token_id",
                     "initializer_cutoff_factor", "deterministic_flash_attn", "sparse_prediction",
                     "sparse_pred_ignore_index", "reference_compile", "repad_logits_with_grad", "sentence_transformers",
                     "layer_norm_eps", "position_embedding_type"});
  reader.Only("is_decoder", false);
  reader.Only("is_encoder_decoder", false);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return model;
}

absl::StatusOr<std::unique_ptr<Model>> ParseModernBert(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(ModernBert model, ReadConfig(json));
  return MakeModernBert(std::move(model));
}

}  // namespace

const ArchitectureEntry kModernBertArchitecture = {"modernbert", &ParseModernBert};

}  // namespace plumb
