// GPT-2 and the models of its shape: DistilGPT2, Cerebras-GPT.
//
// Keys and their defaults follow configuration_gpt2.py of transformers; tensors are those its checkpoints hold.
#include <cmath>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/decoder_spec_of.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// What a GPT-2 config states.
struct Gpt2Config {
  uint64_t vocabulary = 0;
  uint64_t positions = 0;
  uint64_t width = 0;
  uint64_t layers = 0;
  uint64_t heads = 0;
  uint64_t inner_width = 0;
  UnaryFunction activation = UnaryFunction::kGeluTanh;
  double epsilon = 0;
  bool scale_by_width = true;
  bool scale_by_layer = false;
  bool tied = true;
};

// Keys about dropout and other heads.
void SkipIrrelevant(ConfigReader& reader) {
  reader.IrrelevantToAll();
  reader.Irrelevant({"attn_pdrop", "embd_pdrop", "resid_pdrop", "summary_activation", "summary_first_dropout",
                     "summary_proj_to_labels", "summary_type", "summary_use_proj"});
  reader.Only("is_encoder_decoder", false);
  reader.FlagOr("is_decoder", false);  // Says what a GPT-2 is in any case.
}

absl::StatusOr<Gpt2Config> ReadConfig(const nlohmann::json& json) {
  ConfigReader reader(json);
  Gpt2Config config;
  config.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  config.positions = reader.Size("n_positions", limits::kModelWidthMax);
  config.width = reader.Size("n_embd", limits::kModelWidthMax);
  config.layers = reader.Size("n_layer", limits::kModelLayersMax);
  config.heads = reader.Size("n_head", limits::kModelWidthMax);
  config.inner_width = reader.SizeOr("n_inner", limits::kModelWidthMax, 4 * config.width);
  config.epsilon = reader.Positive("layer_norm_epsilon");
  config.activation = reader.Activation("activation_function");
  config.scale_by_width = reader.FlagOr("scale_attn_weights", true);
  config.scale_by_layer = reader.FlagOr("scale_attn_by_inverse_layer_idx", false);
  config.tied = reader.FlagOr("tie_word_embeddings", true);
  reader.FlagOr("reorder_and_upcast_attn", false);  // The same products in another order: no other result.
  if (reader.SizeOr("n_ctx", limits::kModelWidthMax, config.positions) != config.positions) {
    reader.Refuse("n_ctx", fmt::format("differs from n_positions, {}", config.positions));
  }
  if (config.width % config.heads != 0) {
    reader.Refuse("n_head", fmt::format("is {}, which does not divide n_embd {}", config.heads, config.width));
  }
  for (const std::string& name : reader.TextsOr("architectures")) {
    // A bare GPT2Model has no output of its own: with tied embeddings the head is known all the same.
    bool known = name == "GPT2LMHeadModel" || (name == "GPT2Model" && config.tied);
    if (!known)
      reader.Refuse("architectures", fmt::format("names \"{}\", expected GPT2LMHeadModel", name.substr(0, 64)));
  }
  SkipIrrelevant(reader);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return config;
}

std::string LayerName(uint64_t layer, std::string_view rest) { return fmt::format("h.{}.{}", layer, rest); }

TensorRules RulesFor(const Gpt2Config& config) {
  const uint64_t d = config.width;
  const uint64_t f = config.inner_width;
  TensorRules rules;
  rules.prefixes = {"transformer."};
  auto pair = [&](const std::string& name, Shape weight, uint64_t bias) {
    rules.required.push_back({name + ".weight", std::move(weight)});
    rules.required.push_back({name + ".bias", {bias}});
  };
  rules.required.push_back({"wte.weight", {config.vocabulary, d}});
  rules.required.push_back({"wpe.weight", {config.positions, d}});
  for (uint64_t i = 0; i < config.layers; ++i) {
    pair(LayerName(i, "ln_1"), {d}, d);
    pair(LayerName(i, "attn.c_attn"), {d, 3 * d}, 3 * d);
    pair(LayerName(i, "attn.c_proj"), {d, d}, d);
    pair(LayerName(i, "ln_2"), {d}, d);
    pair(LayerName(i, "mlp.c_fc"), {d, f}, f);
    pair(LayerName(i, "mlp.c_proj"), {f, d}, d);
    rules.ignored.push_back(LayerName(i, "attn.bias"));
    rules.ignored.push_back(LayerName(i, "attn.masked_bias"));
  }
  pair("ln_f", {d}, d);
  if (config.tied) {
    rules.copies.push_back({"lm_head.weight", "wte.weight"});
  } else {
    rules.required.push_back({"lm_head.weight", {config.vocabulary, d}});
  }
  return rules;
}

class Gpt2Model : public Model {
 public:
  explicit Gpt2Model(const Gpt2Config& config) : config_(config), rules_(RulesFor(config)) {}
  const Gpt2Config& config() const { return config_; }

  std::string_view architecture() const override { return "gpt2"; }
  const TensorRules& tensors() const override { return rules_; }
  uint64_t layers() const override { return config_.layers; }
  uint64_t vocabulary() const override { return config_.vocabulary; }
  uint64_t positions_max() const override { return config_.positions; }

  absl::StatusOr<Graph> BuildGraph(uint64_t sequences, uint64_t positions) const override {
    if (sequences == 0 || positions == 0 || positions > config_.positions) {
      return InvalidArgument(fmt::format("cannot run {} sequences of {} positions: n_positions is {}", sequences,
                                         positions, config_.positions));
    }
    GraphBuilder builder;
    ValueId ids = builder.Input(kInputIds, ElementType::kI32, {sequences, positions});
    ValueId wte = builder.Weight("wte.weight", {config_.vocabulary, config_.width});
    ValueId wpe = builder.Weight("wpe.weight", {config_.positions, config_.width});
    ValueId places = builder.Slice("positions", wpe, 0, 0, positions);
    ValueId x = builder.Binary("embedding", BinaryFunction::kAdd, builder.Gather("tokens", wte, ids), places);
    for (uint64_t i = 0; i < config_.layers; ++i) {
      x = builder.Binary(LayerName(i, "attn.residual"), BinaryFunction::kAdd, x, AddAttention(builder, i, x));
      x = builder.Binary(LayerName(i, "mlp.residual"), BinaryFunction::kAdd, x, AddMlp(builder, i, x));
    }
    x = AddNorm(builder, "ln_f", x);
    ValueId head = config_.tied ? wte : builder.Weight("lm_head.weight", {config_.vocabulary, config_.width});
    return builder.Build(builder.MatMul("logits", x, head, std::nullopt, {.transpose_b = true}));
  }

 private:
  ValueId AddNorm(GraphBuilder& builder, const std::string& name, ValueId x) const {
    return builder.LayerNorm(name, x, builder.Weight(name + ".weight", {config_.width}),
                             builder.Weight(name + ".bias", {config_.width}), config_.epsilon);
  }

  // GPT-2 keeps the weights of its linear maps as [in, out].
  static ValueId AddLinear(GraphBuilder& builder, const std::string& name, ValueId x, uint64_t in, uint64_t out) {
    return builder.MatMul(name, x, builder.Weight(name + ".weight", {in, out}), builder.Weight(name + ".bias", {out}));
  }

  ValueId AddAttention(GraphBuilder& builder, uint64_t layer, ValueId x) const {
    const uint64_t d = config_.width;
    ValueId normed = AddNorm(builder, LayerName(layer, "ln_1"), x);
    ValueId qkv = AddLinear(builder, LayerName(layer, "attn.c_attn"), normed, d, 3 * d);
    ValueId q = builder.Slice(LayerName(layer, "attn.q"), qkv, 2, 0, d);
    ValueId k = builder.Slice(LayerName(layer, "attn.k"), qkv, 2, d, 2 * d);
    ValueId v = builder.Slice(LayerName(layer, "attn.v"), qkv, 2, 2 * d, 3 * d);
    double scale = config_.scale_by_width ? 1 / std::sqrt(static_cast<double>(d / config_.heads)) : 1;
    if (config_.scale_by_layer) scale /= static_cast<double>(layer + 1);
    ValueId mixed =
        builder.Attention(LayerName(layer, "attn"), q, k, v, {.heads = config_.heads, .scale = scale, .causal = true});
    return AddLinear(builder, LayerName(layer, "attn.c_proj"), mixed, d, d);
  }

  ValueId AddMlp(GraphBuilder& builder, uint64_t layer, ValueId x) const {
    ValueId normed = AddNorm(builder, LayerName(layer, "ln_2"), x);
    ValueId inner = AddLinear(builder, LayerName(layer, "mlp.c_fc"), normed, config_.width, config_.inner_width);
    inner = builder.Unary(LayerName(layer, "mlp.act"), config_.activation, inner);
    return AddLinear(builder, LayerName(layer, "mlp.c_proj"), inner, config_.inner_width, config_.width);
  }

  const Gpt2Config config_;
  const TensorRules rules_;
};

absl::StatusOr<std::unique_ptr<Model>> ParseGpt2(const nlohmann::json& json) {
  PLUMB_ASSIGN_OR_RETURN(Gpt2Config config, ReadConfig(json));
  return std::make_unique<Gpt2Model>(config);
}

}  // namespace

const ArchitectureEntry kGpt2Architecture = {"gpt2", &ParseGpt2};

std::optional<DecoderSpec> DescribeGpt2(const Model& model) {
  const auto* gpt2 = dynamic_cast<const Gpt2Model*>(&model);
  if (gpt2 == nullptr) return std::nullopt;
  const Gpt2Config& config = gpt2->config();
  DecoderSpec spec;
  spec.architecture = "gpt2";
  spec.vocabulary = config.vocabulary;
  spec.positions_max = config.positions;
  spec.width = config.width;
  spec.layers.resize(config.layers);
  spec.heads = spec.kv_heads = config.heads;
  spec.head_size = config.width / config.heads;
  spec.inner_width = config.inner_width;
  spec.activation = config.activation;
  spec.norm = {.rms = false, .bias = true, .epsilon = config.epsilon};
  spec.qkv = QkvLayout::kInTurn;
  spec.qkv_bias = spec.out_bias = spec.mlp_bias = true;
  spec.names.gate = "";
  spec.names.positions = "wpe";
  spec.tied = config.tied;
  spec.attention_scale = config.scale_by_width ? 1 / std::sqrt(static_cast<double>(spec.head_size)) : 1;
  // A scale for each layer is none that another description has.
  if (config.scale_by_layer) spec.attention_scale = 0;
  return spec;
}

}  // namespace plumb
