#include "verify/inference/architectures/bert_like.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/relative_buckets.h"

namespace plumb {
namespace {

constexpr char kTypeIds[] = "token_type_ids";
constexpr uint64_t kMpnetDistanceMax = 128;  // MPNet's class has no key for it.

std::vector<InputSpec> InputsOf(const BertLike& model, uint64_t sequences, uint64_t positions) {
  std::vector<InputSpec> inputs = {IdsInput(kInputIds, sequences, positions, model.vocabulary)};
  if (model.types > 1) inputs.push_back(IdsInput(kTypeIds, sequences, positions, model.types));
  return inputs;
}

ValueId AddEmbeddings(LayerBuilder& builder, const BertLike& model) {
  const EmbeddingNames& names = model.embeddings;
  const uint64_t d = model.block.width;
  ValueId x = builder.Embedding(names.words, builder.InputNamed(kInputIds), model.vocabulary, d);
  if (model.types > 1) {
    ValueId types = builder.Embedding(names.types, builder.InputNamed(kTypeIds), model.types, d);
    x = builder.Add(names.types + ".added", x, types);
  } else if (model.types == 1) {
    x = builder.Add(names.types + ".added", x, builder.Weight(names.types + ".weight", {1, d}));
  }
  x = builder.AddPositions(names.positions, x, model.position_rows, d, model.first_position);
  return builder.Norm(names.norm, x, d, model.block.epsilon);
}

ValueId AddEncoder(LayerBuilder& builder, const BertLike& model) {
  ValueId x = AddEmbeddings(builder, model);
  std::optional<ValueId> mask;
  if (model.relative_buckets != 0) {
    const RelativeBuckets rules = {.buckets = model.relative_buckets, .distance_max = kMpnetDistanceMax};
    mask = AddRelativeBias(builder, "encoder.relative_attention_bias", rules, model.block.heads, builder.positions());
  }
  for (uint64_t i = 0; i < model.layers; ++i) {
    const std::string block = fmt::format("{}{}.", model.layers_prefix, i);
    x = AddPostNormBlock(builder, block, model.names, model.block, x, mask);
  }
  return x;
}

std::vector<ValueId> AddAll(LayerBuilder& builder, const BertLike& model) {
  ValueId hidden = AddEncoder(builder, model);
  const uint64_t d = model.block.width;
  switch (model.head) {
    case EncoderHead::kMaskedLm:
      return {model.add_masked_lm(builder, model, hidden)};
    case EncoderHead::kSequence:
      return {model.add_classifier(builder, model, hidden)};
    case EncoderHead::kToken:
      return {builder.Linear("classifier", hidden, d, model.labels)};
    case EncoderHead::kQuestion: {
      ValueId both = builder.Linear("qa_outputs", hidden, d, 2);
      const Shape shape = {builder.sequences(), builder.positions()};
      ValueId start = builder.Slice("start_logits.slice", both, 2, 0, 1);
      ValueId end = builder.Slice("end_logits.slice", both, 2, 1, 2);
      return {builder.Reshape("start_logits", start, shape), builder.Reshape("end_logits", end, shape)};
    }
    default:
      if (model.pooling) return {AddPooling(builder, *model.pooling, hidden)};
      if (!model.pooled) return {hidden};
      return {hidden, AddPooler(builder, model, hidden)};
  }
}

std::vector<OutputSpec> OutputsOf(const BertLike& model) {
  if (model.head == EncoderHead::kQuestion) {
    return {{"start_logits", OutputKind::kLogits}, {"end_logits", OutputKind::kLogits}};
  }
  if (model.head != EncoderHead::kNone) return {{"logits", OutputKind::kLogits}};
  if (model.pooling) return {{kSentenceEmbedding, OutputKind::kFeatures}};
  std::vector<OutputSpec> outputs = {{"last_hidden_state", OutputKind::kFeatures}};
  if (model.pooled) outputs.push_back({"pooler_output", OutputKind::kFeatures});
  return outputs;
}

TensorRules RulesOf(const BertLike& model) {
  TensorRules rules;
  if (!model.prefix.empty()) rules.prefixes = {model.prefix};
  rules.old_endings = {{"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}};
  rules.ignored = {"embeddings.position_ids"};
  if (model.head == EncoderHead::kMaskedLm) {
    if (model.tied) rules.copies.emplace_back(model.decoder + ".weight", model.embeddings.words + ".weight");
    if (model.decoder_bias != model.decoder + ".bias") {
      rules.copies.emplace_back(model.decoder + ".bias", model.decoder_bias);
    }
  }
  // Published checkpoints keep what pretraining left behind; what the graph names is required all the same.
  if (model.pooled) rules.ignored.insert(rules.ignored.end(), {"pooler.dense.weight", "pooler.dense.bias"});
  rules.ignored.insert(rules.ignored.end(), model.leftovers.begin(), model.leftovers.end());
  return rules;
}

ValueId AddRobertaMaskedLm(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  const uint64_t d = model.block.width;
  ValueId x = builder.Linear("lm_head.dense", hidden, d, d);
  x = builder.Unary("lm_head.activation", UnaryFunction::kGeluErf, x);
  x = builder.Norm("lm_head.layer_norm", x, d, model.block.epsilon);
  return AddWordScores(builder, model, x);
}

ValueId AddRobertaClassifier(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  const uint64_t d = model.block.width;
  ValueId x = builder.Linear("classifier.dense", builder.Token("classifier.token", hidden, 0), d, d);
  x = builder.Unary("classifier.activation", UnaryFunction::kTanh, x);
  return builder.Linear("classifier.out_proj", x, d, model.labels);
}

}  // namespace

BlockNames BertBlockNames() {
  return {.query = "attention.self.query",
          .key = "attention.self.key",
          .value = "attention.self.value",
          .out = "attention.output.dense",
          .attention_norm = "attention.output.LayerNorm",
          .inner = "intermediate.dense",
          .outer = "output.dense",
          .inner_norm = "output.LayerNorm"};
}

ValueId AddPooler(LayerBuilder& builder, const BertLike& model, ValueId hidden) {
  const uint64_t d = model.block.width;
  ValueId x = builder.Linear("pooler.dense", builder.Token("pooler.token", hidden, 0), d, d);
  return builder.Unary("pooler_output", UnaryFunction::kTanh, x);
}

ValueId AddWordScores(LayerBuilder& builder, const BertLike& model, ValueId x) {
  const std::string weight = (model.tied ? model.embeddings.words : model.decoder) + ".weight";
  return builder.MatMul(model.decoder, x, builder.Weight(weight, {model.vocabulary, model.block.width}),
                        builder.Weight(model.decoder_bias, {model.vocabulary}), {.transpose_b = true});
}

void UseRobertaHeads(BertLike& model) {
  model.add_masked_lm = AddRobertaMaskedLm;
  model.add_classifier = AddRobertaClassifier;
  model.decoder = "lm_head.decoder";
  model.decoder_bias = "lm_head.bias";
}

void ReadBertLike(ConfigReader& reader, std::string_view family, BertLike& model) {
  const EncoderSizes sizes = ReadEncoderSizes(reader);
  model.block = sizes.block;
  model.layers = sizes.layers;
  model.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  model.position_rows = reader.Size("max_position_embeddings", limits::kModelWidthMax);
  model.tied = reader.FlagOr("tie_word_embeddings", true);
  model.head = ReadHead(reader, family,
                        {EncoderHead::kNone, EncoderHead::kMaskedLm, EncoderHead::kSequence, EncoderHead::kToken,
                         EncoderHead::kQuestion});
  model.labels = ReadLabels(reader);
  reader.IrrelevantToAll();
  reader.Irrelevant({"hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "cls_token_id"});
  reader.Only("is_decoder", false);
  reader.Only("is_encoder_decoder", false);
  if (model.position_rows <= model.first_position) {
    reader.Refuse("max_position_embeddings",
                  fmt::format("is {}, but positions begin at {}", model.position_rows, model.first_position));
  }
}

absl::StatusOr<std::unique_ptr<Model>> MakeBertLike(BertLike model) {
  ModelParts parts;
  parts.architecture = model.architecture;
  parts.layers = model.layers;
  parts.vocabulary = model.vocabulary;
  parts.positions_max = model.position_rows - model.first_position;
  if (model.relative_buckets != 0) parts.positions_max = std::min(parts.positions_max, kPairedPositionsMax);
  parts.rules = RulesOf(model);
  parts.outputs = OutputsOf(model);
  parts.inputs = [model](uint64_t sequences, uint64_t positions) { return InputsOf(model, sequences, positions); };
  parts.build = [model](LayerBuilder& builder) { return AddAll(builder, model); };
  return MakeModel(std::move(parts));
}

}  // namespace plumb
