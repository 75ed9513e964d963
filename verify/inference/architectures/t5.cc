// T5, T5 1.1 and Flan-T5.
//
// Keys and their defaults follow configuration_t5.py of transformers; tensors are those its checkpoints hold.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/registry.h"
#include "verify/inference/architectures/relative_buckets.h"
#include "verify/inference/architectures/t5_model.h"

namespace plumb {
namespace {

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
  ConfigReader reader(json);
  T5Config config;
  config.positions_max = kPairedPositionsMax;
  ReadKind(reader, config);
  config.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  config.width = reader.Size("d_model", limits::kModelWidthMax);
  config.head_width = reader.Size("d_kv", limits::kModelWidthMax);
  config.heads = reader.Size("num_heads", limits::kModelWidthMax);
  config.inner = reader.Size("d_ff", limits::kModelWidthMax);
  config.encoder_layers = reader.Size("num_layers", limits::kModelLayersMax);
  config.decoder_layers = reader.SizeOr("num_decoder_layers", limits::kModelLayersMax, config.encoder_layers);
  config.buckets = reader.Size("relative_attention_num_buckets", limits::kModelWidthMax);
  config.distance_max = reader.SizeOr("relative_attention_max_distance", limits::kModelWidthMax, kT5DistanceMax);
  config.epsilon = reader.Positive("layer_norm_epsilon");
  config.tied = reader.FlagOr("tie_word_embeddings", true);
  ReadFeedForward(reader, config);
  CheckT5Buckets(reader, "relative_attention_num_buckets", config);
  reader.IrrelevantToAll();
  // n_positions says how long the training's sequences were; no table has that size.
  reader.Irrelevant({"dropout_rate", "classifier_dropout", "initializer_factor", "n_positions"});
  reader.Only("is_decoder", false);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return config;
}

T5AttentionNames AttentionNames(int part, const std::string& module) {
  const std::string layer = fmt::format("layer.{}.", part);
  return {.part = layer,
          .norm = layer + "layer_norm",
          .module = layer + module,
          .separator = ".",
          .bias = layer + module + ".relative_attention_bias"};
}

T5StackNames StackNames(const std::string& stack, int feed_forward) {
  const std::string layer = fmt::format("layer.{}.", feed_forward);
  return {.embedding = stack + ".embed_tokens",
          .block = stack + ".block.",
          .attention = AttentionNames(0, "SelfAttention"),
          .cross = AttentionNames(1, "EncDecAttention"),
          .feed_forward = {.part = layer,
                           .norm = layer + "layer_norm",
                           .module = layer + "DenseReluDense.",
                           .inner = "wi",
                           .gate = "wi_0",
                           .up = "wi_1",
                           .outer = "wo"},
          .final_norm = stack + ".final_layer_norm"};
}

absl::StatusOr<std::unique_ptr<Model>> ParseT5(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(T5Config config, ReadConfig(json));
  config.names = {
      .words = "shared", .head = "lm_head", .encoder = StackNames("encoder", 1), .decoder = StackNames("decoder", 2)};
  TensorRules rules;
  rules.copies = {{"encoder.embed_tokens.weight", "shared.weight"}, {"decoder.embed_tokens.weight", "shared.weight"}};
  if (config.kind == T5Kind::kConditionalGeneration && config.tied) {
    rules.copies.emplace_back("lm_head.weight", "shared.weight");
  }
  // The first T5s saved it; their attention to the encoder has no positions.
  rules.ignored = {"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};
  return MakeT5(std::move(config), std::move(rules));
}

}  // namespace

const ArchitectureEntry kT5Architecture = {"t5", &ParseT5};

}  // namespace plumb
