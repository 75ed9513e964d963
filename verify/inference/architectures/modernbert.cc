// ModernBERT: pre-norm blocks with rotary positions and a gated inner layer; most blocks see a window of tokens only.
//
// transformers' unpadded form computes the same for sequences without padding.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/registry.h"
#include "verify/inference/architectures/relative_buckets.h"

namespace plumb {
namespace {

struct ModernBert {
  uint64_t vocabulary = 0;
  uint64_t positions = 0;
  uint64_t layers = 0;
  BlockShape block;
  bool norm_bias = false;
  bool attention_bias = false;
  bool mlp_bias = false;
  uint64_t global_every = 1;
  uint64_t reach = 0;  // How far local blocks see to each side.
  double global_theta = 0;
  double local_theta = 0;
  EncoderHead head = EncoderHead::kNone;
  uint64_t labels = 0;
  UnaryFunction head_activation = UnaryFunction::kGeluErf;
  bool head_bias = false;
  bool decoder_bias = true;
  bool mean_pooling = false;
  bool tied = true;

  bool IsLocal(uint64_t layer) const { return layer % global_every != 0; }
};

constexpr char kWords[] = "embeddings.tok_embeddings";

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
  CheckHeads(reader, "num_attention_heads", model.block);
  if (model.block.width / model.block.heads % 2 != 0) {
    reader.Refuse("num_attention_heads", "gives heads of odd width, which cannot be rotated");
  }
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
  const std::string name = fmt::format("layers.{}.attn.", layer);
  const uint64_t d = model.block.width;
  const uint64_t head = d / model.block.heads;
  const double theta = model.IsLocal(layer) ? model.local_theta : model.global_theta;
  RopeAttributes rope = {.head_size = head};
  for (uint64_t i = 0; i < head; i += 2) {
    rope.frequencies.push_back(
        static_cast<float>(1 / std::pow(theta, static_cast<double>(i) / static_cast<double>(head))));
  }
  ValueId all = builder.Linear(name + "Wqkv", x, d, 3 * d, model.attention_bias);
  ValueId q = builder.Rope(name + "q.rope", builder.Slice(name + "q", all, 2, 0, d), rope);
  ValueId k = builder.Rope(name + "k.rope", builder.Slice(name + "k", all, 2, d, 2 * d), rope);
  ValueId v = builder.Slice(name + "v", all, 2, 2 * d, 3 * d);
  ValueId mixed = builder.Attention(name + "attention", q, k, v,
                                    {.heads = model.block.heads, .scale = 1 / std::sqrt(static_cast<double>(head))},
                                    model.IsLocal(layer) ? window : std::nullopt);
  return builder.Linear(name + "Wo", mixed, d, d, model.attention_bias);
}

ValueId AddMlp(LayerBuilder& builder, const ModernBert& model, uint64_t layer, ValueId x) {
  const std::string name = fmt::format("layers.{}.mlp.", layer);
  const uint64_t inner = model.block.inner;
  ValueId both = builder.Linear(name + "Wi", x, model.block.width, 2 * inner, model.mlp_bias);
  ValueId value =
      builder.Unary(name + "activation", model.block.activation, builder.Slice(name + "input", both, 2, 0, inner));
  ValueId gated = builder.Binary(name + "gated", BinaryFunction::kMul, value,
                                 builder.Slice(name + "gate", both, 2, inner, 2 * inner));
  return builder.Linear(name + "Wo", gated, inner, model.block.width, model.mlp_bias);
}

ValueId AddEncoder(LayerBuilder& builder, const ModernBert& model) {
  ValueId x = builder.Embedding(kWords, builder.InputNamed(kInputIds), model.vocabulary, model.block.width);
  x = AddNorm(builder, model, "embeddings.norm", x);
  std::optional<ValueId> window;
  if (builder.positions() > model.reach + 1) window = AddWindow(builder, model);
  for (uint64_t i = 0; i < model.layers; ++i) {
    const std::string block = fmt::format("layers.{}.", i);
    // The embeddings are normed already.
    ValueId normed = i == 0 ? x : AddNorm(builder, model, block + "attn_norm", x);
    x = builder.Add(block + "attn.residual", x, AddAttention(builder, model, i, normed, window));
    normed = AddNorm(builder, model, block + "mlp_norm", x);
    x = builder.Add(block + "mlp.residual", x, AddMlp(builder, model, i, normed));
  }
  return AddNorm(builder, model, "final_norm", x);
}

std::vector<ValueId> AddAll(LayerBuilder& builder, const ModernBert& model) {
  ValueId x = AddEncoder(builder, model);
  const uint64_t d = model.block.width;
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
  const std::string weight = model.tied ? std::string(kWords) + ".weight" : "decoder.weight";
  return {builder.MatMul("decoder", x, builder.Weight(weight, {model.vocabulary, d}), bias, {.transpose_b = true})};
}

absl::StatusOr<std::unique_ptr<Model>> ParseModernBert(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(ModernBert model, ReadConfig(json));
  ModelParts parts;
  parts.architecture = "modernbert";
  parts.layers = model.layers;
  parts.vocabulary = model.vocabulary;
  parts.positions_max = std::min(model.positions, kPairedPositionsMax);
  parts.rules.prefixes = {"model."};
  if (model.head == EncoderHead::kMaskedLm && model.tied) {
    parts.rules.copies.emplace_back("decoder.weight", std::string(kWords) + ".weight");
  }
  const bool bare = model.head == EncoderHead::kNone;
  parts.outputs = {bare ? OutputSpec{"last_hidden_state", OutputKind::kFeatures}
                        : OutputSpec{"logits", OutputKind::kLogits}};
  parts.inputs = [model](uint64_t sequences, uint64_t positions) {
    return std::vector<InputSpec>{IdsInput(kInputIds, sequences, positions, model.vocabulary)};
  };
  parts.build = [model](LayerBuilder& builder) { return AddAll(builder, model); };
  return MakeModel(std::move(parts));
}

}  // namespace

const ArchitectureEntry kModernBertArchitecture = {"modernbert", &ParseModernBert};

}  // namespace plumb
