// T5 and its encoder alone: RMS norms, no biases, scores neither scaled nor with positions but for a bias by relative
// position that all blocks of a stack share.
#include <cmath>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/layer_builder.h"
#include "verify/inference/architectures/registry.h"
#include "verify/inference/architectures/relative_buckets.h"

namespace plumb {
namespace {

constexpr char kDecoderIds[] = "decoder_input_ids";
constexpr char kWords[] = "shared.weight";

enum class T5Kind { kModel, kConditionalGeneration, kEncoder };

struct T5Config {
  T5Kind kind = T5Kind::kModel;
  uint64_t vocabulary = 0;
  uint64_t width = 0;
  uint64_t head_width = 0;
  uint64_t heads = 0;
  uint64_t inner = 0;
  uint64_t encoder_layers = 0;
  uint64_t decoder_layers = 0;
  uint64_t buckets = 0;
  uint64_t distance_max = 0;
  double epsilon = 0;
  UnaryFunction activation = UnaryFunction::kRelu;
  bool gated = false;
  bool tied = true;
};

// feed_forward_proj: `relu`, `gated-gelu`, ...; "gelu" means its approximation when gated, as T5 1.1 was trained.
void ReadFeedForward(ConfigReader& reader, T5Config& config) {
  constexpr std::string_view kGated = "gated-";
  std::string name = reader.Has("feed_forward_proj") ? reader.Text("feed_forward_proj") : "relu";
  reader.Irrelevant({"feed_forward_proj"});
  config.gated = name.starts_with(kGated);
  if (config.gated) name = name.substr(kGated.size());
  if (config.gated && name == "gelu") name = "gelu_new";
  const nlohmann::json named = {{"feed_forward_proj", name}};
  ConfigReader inner(named);
  config.activation = inner.Activation("feed_forward_proj");
  reader.Include(inner);
  // Derived keys, which newer writers add.
  reader.Only("dense_act_fn", name);
  reader.Only("is_gated_act", config.gated);
}

void ReadKind(ConfigReader& reader, T5Config& config) {
  for (const std::string& name : reader.TextsOr("architectures")) {
    if (name == "T5ForConditionalGeneration") {
      config.kind = T5Kind::kConditionalGeneration;
    } else if (name == "T5EncoderModel") {
      config.kind = T5Kind::kEncoder;
    } else if (name != "T5Model") {
      reader.Refuse("architectures",
                    fmt::format("names \"{}\", of which only T5Model, T5ForConditionalGeneration, T5EncoderModel are "
                                "supported",
                                name.substr(0, 64)));
    }
  }
  const bool whole = reader.FlagOr("is_encoder_decoder", true);
  if (!whole && config.kind != T5Kind::kEncoder) reader.Refuse("is_encoder_decoder", "is false for a whole T5");
}

absl::StatusOr<T5Config> ReadConfig(const nlohmann::json& json) {
  constexpr uint64_t kDistanceMax = 128;  // T5Config's, for configs older than the key.
  ConfigReader reader(json);
  T5Config config;
  ReadKind(reader, config);
  config.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  config.width = reader.Size("d_model", limits::kModelWidthMax);
  config.head_width = reader.Size("d_kv", limits::kModelWidthMax);
  config.heads = reader.Size("num_heads", limits::kModelWidthMax);
  config.inner = reader.Size("d_ff", limits::kModelWidthMax);
  config.encoder_layers = reader.Size("num_layers", limits::kModelLayersMax);
  config.decoder_layers = reader.SizeOr("num_decoder_layers", limits::kModelLayersMax, config.encoder_layers);
  config.buckets = reader.Size("relative_attention_num_buckets", limits::kModelWidthMax);
  config.distance_max = reader.SizeOr("relative_attention_max_distance", limits::kModelWidthMax, kDistanceMax);
  config.epsilon = reader.Positive("layer_norm_epsilon");
  config.tied = reader.FlagOr("tie_word_embeddings", true);
  ReadFeedForward(reader, config);
  for (bool both_ways : {true, false}) {
    if (AreValid({.buckets = config.buckets, .distance_max = config.distance_max, .both_ways = both_ways})) continue;
    reader.Refuse("relative_attention_num_buckets",
                  fmt::format("is {}, which cannot reach {} places", config.buckets, config.distance_max));
  }
  reader.IrrelevantToAll();
  // n_positions says how long the training's sequences were; no table has that size.
  reader.Irrelevant({"dropout_rate", "classifier_dropout", "initializer_factor", "n_positions"});
  reader.Only("is_decoder", false);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return config;
}

// One stack: the encoder, or the decoder with what it sees of the encoder.
class T5Stack {
 public:
  T5Stack(LayerBuilder& builder, const T5Config& config, std::string name, std::optional<ValueId> encoded)
      : builder_(builder), config_(config), name_(std::move(name)), encoded_(encoded) {}

  ValueId Add(const char* ids, uint64_t layers) {
    const uint64_t d = config_.width;
    ValueId x = builder_.Gather(name_ + ".embed_tokens", builder_.Weight(kWords, {config_.vocabulary, d}),
                                builder_.InputNamed(ids));
    const RelativeBuckets rules = {
        .buckets = config_.buckets, .distance_max = config_.distance_max, .both_ways = !encoded_};
    ValueId bias = AddRelativeBias(builder_, name_ + ".block.0.layer.0.SelfAttention.relative_attention_bias", rules,
                                   config_.heads, builder_.positions());
    for (uint64_t i = 0; i < layers; ++i) {
      uint64_t part = 0;
      x = AddAttention(PartName(i, part++), "SelfAttention", x, std::nullopt, bias);
      if (encoded_) x = AddAttention(PartName(i, part++), "EncDecAttention", x, encoded_, std::nullopt);
      x = AddFeedForward(PartName(i, part), x);
    }
    return AddNorm(name_ + ".final_layer_norm", x);
  }

 private:
  std::string PartName(uint64_t block, uint64_t part) const {
    return fmt::format("{}.block.{}.layer.{}.", name_, block, part);
  }

  ValueId AddNorm(const std::string& name, ValueId x) {
    return builder_.RmsNorm(name, x, builder_.Weight(name + ".weight", {config_.width}), {.epsilon = config_.epsilon});
  }

  ValueId AddAttention(const std::string& part, const std::string& module, ValueId x, std::optional<ValueId> keys,
                       std::optional<ValueId> bias) {
    const uint64_t d = config_.width;
    const uint64_t all = config_.heads * config_.head_width;
    ValueId normed = AddNorm(part + "layer_norm", x);
    ValueId from = keys.value_or(normed);
    ValueId q = builder_.Linear(part + module + ".q", normed, d, all, false);
    ValueId k = builder_.Linear(part + module + ".k", from, d, all, false);
    ValueId v = builder_.Linear(part + module + ".v", from, d, all, false);
    ValueId mixed = builder_.Attention(part + module, q, k, v,
                                       {.heads = config_.heads, .scale = 1, .causal = encoded_ && !keys}, bias);
    return builder_.Add(part + "residual", x, builder_.Linear(part + module + ".o", mixed, all, d, false));
  }

  ValueId AddFeedForward(const std::string& part, ValueId x) {
    const std::string name = part + "DenseReluDense.";
    ValueId normed = AddNorm(part + "layer_norm", x);
    ValueId inner =
        builder_.Linear(name + (config_.gated ? "wi_0" : "wi"), normed, config_.width, config_.inner, false);
    inner = builder_.Unary(name + "act", config_.activation, inner);
    if (config_.gated) {
      ValueId gate = builder_.Linear(name + "wi_1", normed, config_.width, config_.inner, false);
      inner = builder_.Binary(name + "gated", BinaryFunction::kMul, inner, gate);
    }
    return builder_.Add(part + "residual", x, builder_.Linear(name + "wo", inner, config_.inner, config_.width, false));
  }

  LayerBuilder& builder_;
  const T5Config& config_;
  const std::string name_;
  const std::optional<ValueId> encoded_;
};

std::vector<ValueId> AddAll(LayerBuilder& builder, const T5Config& config) {
  ValueId encoded = T5Stack(builder, config, "encoder", std::nullopt).Add(kInputIds, config.encoder_layers);
  if (config.kind == T5Kind::kEncoder) return {encoded};
  ValueId x = T5Stack(builder, config, "decoder", encoded).Add(kDecoderIds, config.decoder_layers);
  if (config.kind == T5Kind::kModel) return {x};
  // Embeddings that are also the head are too large for it by the root of the width.
  if (config.tied) x = builder.Scale("decoder.scaled", 1 / std::sqrt(static_cast<double>(config.width)), x);
  ValueId head = builder.Weight(config.tied ? kWords : "lm_head.weight", {config.vocabulary, config.width});
  return {builder.MatMul("logits", x, head, std::nullopt, {.transpose_b = true})};
}

absl::StatusOr<std::unique_ptr<Model>> ParseT5(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(T5Config config, ReadConfig(json));
  ModelParts parts;
  parts.architecture = "t5";
  parts.layers = config.encoder_layers + (config.kind == T5Kind::kEncoder ? 0 : config.decoder_layers);
  parts.vocabulary = config.vocabulary;
  parts.positions_max = kPairedPositionsMax;
  parts.rules.copies = {{"encoder.embed_tokens.weight", kWords}, {"decoder.embed_tokens.weight", kWords}};
  if (config.kind == T5Kind::kConditionalGeneration && config.tied) {
    parts.rules.copies.emplace_back("lm_head.weight", kWords);
  }
  // The first T5s saved it; their attention to the encoder has no positions.
  parts.rules.ignored = {"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};
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

}  // namespace

const ArchitectureEntry kT5Architecture = {"t5", &ParseT5};

}  // namespace plumb
