// DistilBERT: half of BERT's blocks, no token types, no pooler, names of its own.
#include <utility>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// Its class has no key for it.
constexpr double kEpsilon = 1e-12;

ValueId AddMaskedLm(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  const uint64_t d = model.block.width;
  ValueId x = builder.Linear("vocab_transform", hidden, d, d);
  x = builder.Unary("vocab_transform.activation", model.block.activation, x);
  x = builder.Norm("vocab_layer_norm", x, d, kEpsilon);
  return AddWordScores(builder, model, x);
}

ValueId AddClassifier(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  const uint64_t d = model.block.width;
  ValueId x = builder.Linear("pre_classifier", builder.Token("pre_classifier.token", hidden, 0), d, d);
  x = builder.Unary("pre_classifier.activation", UnaryFunction::kRelu, x);
  return builder.Linear("classifier", x, d, model.labels);
}

void ReadConfig(ConfigReader& reader, BertLike& model) {
  model.block.width = reader.Size("dim", limits::kModelWidthMax);
  model.block.heads = reader.Size("n_heads", limits::kModelWidthMax);
  model.block.inner = reader.Size("hidden_dim", limits::kModelWidthMax);
  model.block.activation = reader.Activation("activation");
  model.block.epsilon = kEpsilon;
  CheckHeads(reader, "n_heads", model.block);
  model.layers = reader.Size("n_layers", limits::kModelLayersMax);
  model.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  model.position_rows = reader.Size("max_position_embeddings", limits::kModelWidthMax);
  model.tied = reader.FlagOr("tie_word_embeddings", true);
  reader.Only("tie_weights_", true);
  model.head = ReadHead(reader, "DistilBert",
                        {EncoderHead::kNone, EncoderHead::kMaskedLm, EncoderHead::kSequence, EncoderHead::kToken,
                         EncoderHead::kQuestion});
  model.labels = ReadLabels(reader);
  reader.IrrelevantToAll();
  // sinusoidal_pos_embds says how positions began; they are stored like any others.
  reader.Irrelevant({"attention_dropout", "dropout", "qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds"});
  reader.Only("is_decoder", false);
  reader.Only("is_encoder_decoder", false);
}

absl::StatusOr<std::unique_ptr<Model>> ParseDistilBert(const nlohmann::json& json) {
  ConfigReader reader(json);
  BertLike model;
  model.architecture = "distilbert";
  model.names = {.query = "attention.q_lin",
                 .key = "attention.k_lin",
                 .value = "attention.v_lin",
                 .out = "attention.out_lin",
                 .attention_norm = "sa_layer_norm",
                 .inner = "ffn.lin1",
                 .outer = "ffn.lin2",
                 .inner_norm = "output_layer_norm"};
  model.layers_prefix = "transformer.layer.";
  model.prefix = "distilbert.";
  model.pooled = false;
  model.add_masked_lm = AddMaskedLm;
  model.add_classifier = AddClassifier;
  model.decoder = "vocab_projector";
  model.decoder_bias = "vocab_projector.bias";
  ReadConfig(reader, model);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return MakeBertLike(std::move(model));
}

}  // namespace

const ArchitectureEntry kDistilBertArchitecture = {"distilbert", &ParseDistilBert};

}  // namespace plumb
