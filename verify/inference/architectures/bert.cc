// BERT and what is built exactly so: MiniLM, E5, BGE, GTE and most sentence encoders.
//
// Keys and their defaults follow configuration_bert.py of transformers; tensors are those its checkpoints hold.
#include <utility>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

ValueId AddMaskedLm(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  const uint64_t d = model.block.width;
  ValueId x = builder.Linear("cls.predictions.transform.dense", hidden, d, d);
  x = builder.Unary("cls.predictions.transform.activation", model.block.activation, x);
  x = builder.Norm("cls.predictions.transform.LayerNorm", x, d, model.block.epsilon);
  return AddWordScores(builder, model, x);
}

ValueId AddClassifier(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  return builder.Linear("classifier", AddPooler(builder, model, hidden), model.block.width, model.labels);
}

absl::StatusOr<std::unique_ptr<Model>> ParseBert(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(BertLike model, ReadBert(json));
  return MakeBertLike(std::move(model));
}

}  // namespace

absl::StatusOr<BertLike> ReadBert(const nlohmann::json& json) {
  ConfigReader reader(json);
  BertLike model;
  model.architecture = "bert";
  model.names = BertBlockNames();
  model.prefix = "bert.";
  model.add_masked_lm = AddMaskedLm;
  model.add_classifier = AddClassifier;
  model.decoder = "cls.predictions.decoder";
  model.decoder_bias = "cls.predictions.bias";
  ReadBertLike(reader, "Bert", model);
  if (model.head == EncoderHead::kMaskedLm) {
    model.leftovers = {"cls.seq_relationship.weight", "cls.seq_relationship.bias"};
  }
  model.types = reader.Size("type_vocab_size", limits::kModelWidthMax);
  reader.Only("position_embedding_type", "absolute");
  // Of the first multilingual BERT; nobody reads them.
  reader.Irrelevant({"directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
                     "pooler_size_per_head", "pooler_type"});
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return model;
}

const ArchitectureEntry kBertArchitecture = {"bert", &ParseBert};

}  // namespace plumb
