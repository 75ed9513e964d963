#include "verify/inference/architectures/t5_model.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "verify/inference/architectures/relative_buckets.h"

namespace plumb {
namespace {

constexpr char kDecoderIds[] = "decoder_input_ids";

// One stack: the encoder, or the decoder with what it sees of the encoder.
class T5Stack {
 public:
  T5Stack(LayerBuilder& builder, const T5Config& config, const T5StackNames& names, std::optional<ValueId> encoded)
      : builder_(builder), config_(config), names_(names), encoded_(encoded) {}

  ValueId Add(const char* ids, uint64_t layers) {
    const uint64_t d = config_.width;
    ValueId words = builder_.Weight(config_.names.words + ".weight", {config_.vocabulary, d});
    ValueId x = builder_.Gather(names_.embedding, words, builder_.InputNamed(ids));
    const RelativeBuckets rules = {
        .buckets = config_.buckets, .distance_max = config_.distance_max, .both_ways = !encoded_};
    ValueId bias =
        AddRelativeBias(builder_, BlockName(0) + names_.attention.bias, rules, config_.heads, builder_.positions());
    for (uint64_t i = 0; i < layers; ++i) {
      x = AddAttention(BlockName(i), names_.attention, x, std::nullopt, bias);
      if (encoded_) x = AddAttention(BlockName(i), names_.cross, x, encoded_, std::nullopt);
      x = AddFeedForward(BlockName(i), x);
    }
    return AddNorm(names_.final_norm, x);
  }

 private:
  std::string BlockName(uint64_t block) const { return fmt::format("{}{}.", names_.block, block); }

  ValueId AddNorm(const std::string& name, ValueId x) {
    return builder_.RmsNorm(name, x, builder_.Weight(name + ".weight", {config_.width}), {.epsilon = config_.epsilon});
  }

  ValueId AddAttention(const std::string& block, const T5AttentionNames& names, ValueId x, std::optional<ValueId> keys,
                       std::optional<ValueId> bias) {
    const uint64_t d = config_.width;
    const uint64_t all = config_.heads * config_.head_width;
    const std::string map = block + names.module + names.separator;
    ValueId normed = AddNorm(block + names.norm, x);
    ValueId from = keys.value_or(normed);
    ValueId q = builder_.Linear(map + "q", normed, d, all, false);
    ValueId k = builder_.Linear(map + "k", from, d, all, false);
    ValueId v = builder_.Linear(map + "v", from, d, all, false);
    ValueId mixed = builder_.Attention(block + names.module, q, k, v,
                                       {.heads = config_.heads, .scale = 1, .causal = encoded_ && !keys}, bias);
    return builder_.Add(block + names.part + "residual", x, builder_.Linear(map + "o", mixed, all, d, false));
  }

  ValueId AddFeedForward(const std::string& block, ValueId x) {
    const T5FeedForwardNames& names = names_.feed_forward;
    const std::string name = block + names.module;
    ValueId normed = AddNorm(block + names.norm, x);
    ValueId inner =
        builder_.Linear(name + (config_.gated ? names.gate : names.inner), normed, config_.width, config_.inner, false);
    inner = builder_.Unary(name + "act", config_.activation, inner);
    if (config_.gated) {
      ValueId up = builder_.Linear(name + names.up, normed, config_.width, config_.inner, false);
      inner = builder_.Binary(name + "gated", BinaryFunction::kMul, inner, up);
    }
    return builder_.Add(block + names.part + "residual", x,
                        builder_.Linear(name + names.outer, inner, config_.inner, config_.width, false));
  }

  LayerBuilder& builder_;
  const T5Config& config_;
  const T5StackNames& names_;
  const std::optional<ValueId> encoded_;
};

std::vector<ValueId> AddAll(LayerBuilder& builder, const T5Config& config) {
  ValueId encoded = T5Stack(builder, config, config.names.encoder, std::nullopt).Add(kInputIds, config.encoder_layers);
  if (config.kind == T5Kind::kEncoder) return {encoded};
  ValueId x = T5Stack(builder, config, config.names.decoder, encoded).Add(kDecoderIds, config.decoder_layers);
  if (config.kind == T5Kind::kModel) return {x};
  // Embeddings that are also the head are too large for it by the root of the width.
  if (config.tied) x = builder.Scale("decoder.scaled", 1 / std::sqrt(static_cast<double>(config.width)), x);
  const std::string& head = config.tied ? config.names.words : config.names.head;
  ValueId scores = builder.Weight(head + ".weight", {config.vocabulary, config.width});
  return {builder.MatMul("logits", x, scores, std::nullopt, {.transpose_b = true})};
}

}  // namespace

void CheckT5Buckets(ConfigReader& reader, const std::string& key, const T5Config& config) {
  for (bool both_ways : {true, false}) {
    if (AreValid({.buckets = config.buckets, .distance_max = config.distance_max, .both_ways = both_ways})) continue;
    reader.Refuse(key, fmt::format("is {}, which cannot reach {} places", config.buckets, config.distance_max));
  }
}

absl::StatusOr<std::unique_ptr<Model>> MakeT5(T5Config config, TensorRules rules) {
  ModelParts parts;
  parts.architecture = config.architecture;
  parts.layers = config.encoder_layers + (config.kind == T5Kind::kEncoder ? 0 : config.decoder_layers);
  parts.vocabulary = config.vocabulary;
  parts.positions_max = config.positions_max;
  parts.rules = std::move(rules);
  parts.outputs = {config.kind == T5Kind::kConditionalGeneration
                       ? OutputSpec{"logits", OutputKind::kLogits}
                       : OutputSpec{"last_hidden_state", OutputKind::kFeatures}};
  parts.inputs = [config](uint64_t sequences, uint64_t positions) {
    std::vector<InputSpec> inputs = {IdsInput(kInputIds, sequences, positions, config.vocabulary)};
    if (config.kind != T5Kind::kEncoder) {
      inputs.push_back(IdsInput(kDecoderIds, sequences, positions, config.vocabulary));
    }
    return inputs;
  };
  parts.build = [config](LayerBuilder& builder) { return AddAll(builder, config); };
  return MakeModel(std::move(parts));
}

}  // namespace plumb
