#include "verify/inference/architectures/modernbert_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "verify/inference/architectures/relative_buckets.h"

namespace plumb {
namespace {

ValueId AddNorm(LayerBuilder& builder, const ModernBert& model, const std::string& name, ValueId x) {
  return builder.Norm(name, x, model.block.width, model.block.epsilon, model.norm_bias);
}

// -Inf for keys further from their query than local blocks see.
ValueId AddWindow(LayerBuilder& builder, const ModernBert& model) {
  const uint64_t count = builder.positions();
  std::vector<float> mask(count * count, 0);
  for (uint64_t i = 0; i < count; ++i) {
    for (uint64_t j = 0; j < count; ++j) {
      const uint64_t distance = i > j ? i - j : j - i;
      if (distance > model.reach) mask[i * count + j] = -std::numeric_limits<float>::infinity();
    }
  }
  return builder.Constant("local_attention", TensorValue::Of<float>({count, count}, mask));
}

ValueId AddAttention(LayerBuilder& builder, const ModernBert& model, uint64_t layer, ValueId x,
                     std::optional<ValueId> window) {
  const std::string block = fmt::format("{}{}.", model.names.block, layer);
  const std::string name = block + "attn.";
  const uint64_t d = model.block.width;
  const uint64_t head = d / model.block.heads;
  const double theta = model.IsLocal(layer) ? model.local_theta : model.global_theta;
  RopeAttributes rope = {.head_size = head};
  for (uint64_t i = 0; i < head; i += 2) {
    rope.frequencies.push_back(
        static_cast<float>(1 / std::pow(theta, static_cast<double>(i) / static_cast<double>(head))));
  }
  ValueId all = builder.Linear(block + model.names.qkv, x, d, 3 * d, model.attention_bias);
  ValueId q = builder.Rope(name + "q.rope", builder.Slice(name + "q", all, 2, 0, d), rope);
  ValueId k = builder.Rope(name + "k.rope", builder.Slice(name + "k", all, 2, d, 2 * d), rope);
  ValueId v = builder.Slice(name + "v", all, 2, 2 * d, 3 * d);
  ValueId mixed = builder.Attention(name + "attention", q, k, v,
                                    {.heads = model.block.heads, .scale = 1 / std::sqrt(static_cast<double>(head))},
                                    model.IsLocal(layer) ? window : std::nullopt);
  return builder.Linear(block + model.names.out, mixed, d, d, model.attention_bias);
}

ValueId AddMlp(LayerBuilder& builder, const ModernBert& model, uint64_t layer, ValueId x) {
  const std::string block = fmt::format("{}{}.", model.names.block, layer);
  const std::string name = block + "mlp.";
  const uint64_t inner = model.block.inner;
  ValueId both = builder.Linear(block + model.names.mlp_in, x, model.block.width, 2 * inner, model.mlp_bias);
  ValueId value =
      builder.Unary(name + "activation", model.block.activation, builder.Slice(name + "input", both, 2, 0, inner));
  ValueId gated = builder.Binary(name + "gated", BinaryFunction::kMul, value,
                                 builder.Slice(name + "gate", both, 2, inner, 2 * inner));
  return builder.Linear(block + model.names.mlp_out, gated, inner, model.block.width, model.mlp_bias);
}

ValueId AddEncoder(LayerBuilder& builder, const ModernBert& model) {
  const ModernBertNames& names = model.names;
  ValueId x = builder.Embedding(names.words, builder.InputNamed(kInputIds), model.vocabulary, model.block.width);
  x = AddNorm(builder, model, names.embedding_norm, x);
  std::optional<ValueId> window;
  if (builder.positions() > model.reach + 1) window = AddWindow(builder, model);
  for (uint64_t i = 0; i < model.layers; ++i) {
    const std::string block = fmt::format("{}{}.", names.block, i);
    // The embeddings are normed already.
    ValueId normed = i == 0 ? x : AddNorm(builder, model, block + names.attention_norm, x);
    x = builder.Add(block + "attn.residual", x, AddAttention(builder, model, i, normed, window));
    normed = AddNorm(builder, model, block + names.mlp_norm, x);
    x = builder.Add(block + "mlp.residual", x, AddMlp(builder, model, i, normed));
  }
  return AddNorm(builder, model, names.final_norm, x);
}

std::vector<ValueId> AddAll(LayerBuilder& builder, const ModernBert& model) {
  ValueId x = AddEncoder(builder, model);
  const uint64_t d = model.block.width;
  if (model.pooling) return {AddPooling(builder, *model.pooling, x)};
  if (model.head == EncoderHead::kNone) return {x};
  if (model.head == EncoderHead::kSequence) {
    x = model.mean_pooling ? builder.Reduce("pooled", ReduceFunction::kMean, x, {1}, false)
                           : builder.Token("pooled", x, 0);
  }
  x = builder.Linear("head.dense", x, d, d, model.head_bias);
  x = builder.Unary("head.activation", model.head_activation, x);
  x = AddNorm(builder, model, "head.norm", x);
  if (model.head != EncoderHead::kMaskedLm) return {builder.Linear("classifier", x, d, model.labels)};
  std::optional<ValueId> bias;
  if (model.decoder_bias) bias = builder.Weight("decoder.bias", {model.vocabulary});
  const std::string weight = model.tied ? model.names.words + ".weight" : "decoder.weight";
  return {builder.MatMul("decoder", x, builder.Weight(weight, {model.vocabulary, d}), bias, {.transpose_b = true})};
}

}  // namespace

void CheckModernBertHeads(ConfigReader& reader, const std::string& heads_key, const ModernBert& model) {
  CheckHeads(reader, heads_key, model.block);
  if (model.block.width / model.block.heads % 2 != 0) {
    reader.Refuse(heads_key, "gives heads of odd width, which cannot be rotated");
  }
}

absl::StatusOr<std::unique_ptr<Model>> MakeModernBert(ModernBert model) {
  ModelParts parts;
  parts.architecture = model.architecture;
  parts.layers = model.layers;
  parts.vocabulary = model.vocabulary;
  parts.positions_max = std::min(model.positions, kPairedPositionsMax);
  if (!model.names.prefix.empty()) parts.rules.prefixes = {model.names.prefix};
  if (model.head == EncoderHead::kMaskedLm && model.tied) {
    parts.rules.copies.emplace_back("decoder.weight", model.names.words + ".weight");
  }
  if (model.pooling) {
    parts.outputs = {{kSentenceEmbedding, OutputKind::kFeatures}};
  } else if (model.head == EncoderHead::kNone) {
    parts.outputs = {{"last_hidden_state", OutputKind::kFeatures}};
  } else {
    parts.outputs = {{"logits", OutputKind::kLogits}};
  }
  parts.inputs = [model](uint64_t sequences, uint64_t positions) {
    return std::vector<InputSpec>{IdsInput(kInputIds, sequences, positions, model.vocabulary)};
  };
  parts.build = [model](LayerBuilder& builder) { return AddAll(builder, model); };
  return MakeModel(std::move(parts));
}

}  // namespace plumb
