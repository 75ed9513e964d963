#include "verify/inference/architectures/gguf_config.h"

#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/decoder_config.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

// A whole number is one in JSON whatever its signedness.
Json ToJson(const MetadataValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, int64_t>) return held >= 0 ? Json(static_cast<uint64_t>(held)) : Json(held);
        return Json(held);
      },
      value);
}

bool IsAboutTheFile(std::string_view key) {
  for (std::string_view prefix : {"general.", "tokenizer.", "split.", "quantize."}) {
    if (key.starts_with(prefix)) return true;
  }
  return false;
}

// One file being read.
struct GgufConfig {
  const TensorSource& source;
  const std::string architecture;
  ConfigReader reader;
  DecoderSpec spec = {.architecture = architecture};

  std::string Key(std::string_view part) const { return fmt::format("{}.{}", architecture, part); }
  bool HasTensor(std::string_view name) const { return source.Find(name) != nullptr; }

  void ReadSizes();
  void ReadRms() { spec.norm.epsilon = reader.Positive(Key("attention.layer_norm_rms_epsilon")); }
  void ReadLayerNorm() {
    spec.norm = {.rms = false, .bias = true, .epsilon = reader.Positive(Key("attention.layer_norm_epsilon"))};
  }
  void ReadRope(RopeStyle style);
  absl::Status ReadRopeFactors();
  void ReadGemma();
  // Norms on both sides, and a window in layers whose number from one `every` does not divide.
  void ReadLaterGemma(uint64_t every, uint64_t layers_of_largest);
};

void NameGgufTensors(DecoderNames& names) {
  names.embedding = "token_embd";
  names.final_norm = "output_norm";
  names.head = "output";
  names.layer = "blk.";
  names.attention_norm = "attn_norm";
  names.q = "attn_q";
  names.k = "attn_k";
  names.v = "attn_v";
  names.qkv = "attn_qkv";
  names.out = "attn_output";
  names.mlp_norm = "ffn_norm";
  names.gate = "ffn_gate";
  names.up = "ffn_up";
  names.down = "ffn_down";
}

void GgufConfig::ReadSizes() {
  NameGgufTensors(spec.names);
  const SourceTensor* table = source.Find("token_embd.weight");
  if (table == nullptr || table->shape.size() != 2) {
    reader.Refuse("token_embd.weight", "is not a tensor [vocabulary, width]");
  } else {
    spec.vocabulary = table->shape[0];
  }
  if (reader.SizeOr(Key("vocab_size"), limits::kModelWidthMax, spec.vocabulary) != spec.vocabulary) {
    reader.Refuse(Key("vocab_size"), fmt::format("differs from token_embd.weight's {} rows", spec.vocabulary));
  }
  spec.positions_max = reader.Size(Key("context_length"), limits::kModelWidthMax);
  spec.width = reader.Size(Key("embedding_length"), limits::kModelWidthMax);
  spec.layers.resize(reader.Size(Key("block_count"), limits::kModelLayersMax));
  spec.inner_width = reader.Size(Key("feed_forward_length"), limits::kModelWidthMax);
  const std::string heads = Key("attention.head_count");
  spec.heads = reader.Size(heads, limits::kModelWidthMax);
  SplitWidthIntoHeads(reader, heads, reader.SizeOr(Key("attention.head_count_kv"), limits::kModelWidthMax, spec.heads),
                      reader.SizeOr(Key("attention.key_length"), limits::kModelWidthMax, 0), spec);
  if (reader.SizeOr(Key("attention.value_length"), limits::kModelWidthMax, spec.head_size) != spec.head_size) {
    reader.Refuse(Key("attention.value_length"), fmt::format("differs from the keys' {}", spec.head_size));
  }
  spec.tied = !HasTensor("output.weight");
  if (HasTensor("blk.0.attn_qkv.weight")) spec.qkv = QkvLayout::kInTurn;
  spec.qkv_bias = HasTensor("blk.0.attn_q.bias") || HasTensor("blk.0.attn_qkv.bias");
  spec.out_bias = HasTensor("blk.0.attn_output.bias");
  reader.Only(Key("expert_count"), 0);
  reader.Only(Key("expert_used_count"), 0);
}

void GgufConfig::ReadRope(RopeStyle style) {
  RopeParameters rope = {.style = style};
  // Files without it were made of configs without it; llama.cpp has always read them so.
  rope.theta = reader.PositiveIfAny(Key("rope.freq_base")).value_or(10000);
  rope.rotary = reader.SizeOr(Key("rope.dimension_count"), limits::kModelWidthMax, spec.head_size);
  if (rope.rotary > spec.head_size || rope.rotary % 2 != 0) {
    reader.Refuse(Key("rope.dimension_count"), fmt::format("is {} of a head's {}", rope.rotary, spec.head_size));
    rope.rotary = 2;
  }
  const std::string type = Key("rope.scaling.type");
  if (reader.Has(type) && reader.Text(type) != "none") {
    rope.kind = RopeKind::kLinear;
    if (reader.Text(type) == "linear") {
      rope.factor = reader.Positive(Key("rope.scaling.factor"));
    } else {
      reader.Refuse(type, fmt::format("is \"{}\", expected none or linear", reader.Text(type).substr(0, 64)));
    }
  }
  reader.Irrelevant({Key("rope.scaling.finetuned").c_str()});
  spec.ropes = {rope};
}

absl::Status GgufConfig::ReadRopeFactors() {
  const SourceTensor* factors = source.Find(kGgufRopeFactors);
  if (factors == nullptr || spec.ropes.empty()) return absl::OkStatus();
  RopeParameters& rope = spec.ropes[0];
  if (factors->element_count() != rope.rotary / 2 || rope.kind != RopeKind::kDefault) {
    reader.Refuse(std::string(kGgufRopeFactors), fmt::format("has {} factors, expected {}, and no other scaling",
                                                             factors->element_count(), rope.rotary / 2));
    return absl::OkStatus();
  }
  std::vector<float> values(rope.rotary / 2);
  PLUMB_RETURN_IF_ERROR(source.ReadF32(*factors, 0, values));
  rope.kind = RopeKind::kLongrope;
  for (float value : values) {
    if (!(value > 0) || !std::isfinite(value)) {
      reader.Refuse(std::string(kGgufRopeFactors), fmt::format("holds {}, expected numbers above zero", value));
    }
    rope.short_factors.push_back(value);
  }
  rope.long_factors = rope.short_factors;
  return absl::OkStatus();
}

// Gains are stored whole.
void GgufConfig::ReadGemma() {
  ReadRms();
  ReadRope(RopeStyle::kHalves);
  spec.activation = UnaryFunction::kGeluTanh;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
}

void GgufConfig::ReadLaterGemma(uint64_t every, uint64_t layers_of_largest) {
  ReadGemma();
  spec.names.attention_post_norm = "post_attention_norm";
  spec.names.mlp_post_norm = "post_ffw_norm";
  // The largest models scale by what a head's share of the width is; no key says so.
  if (spec.layers.size() == layers_of_largest) {
    spec.attention_scale = 1 / std::sqrt(static_cast<double>(spec.width) / static_cast<double>(spec.heads));
  }
  const uint64_t window = reader.Size(Key("attention.sliding_window"), limits::kModelWidthMax);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    if ((i + 1) % every != 0) spec.layers[i].window = window;
  }
}

void ReadLlama(GgufConfig& config) {
  config.ReadRms();
  config.ReadRope(RopeStyle::kInterleaved);  // The converter reorders the rows of q and k for it.
}

void ReadQwen2(GgufConfig& config) {
  config.ReadRms();
  config.ReadRope(RopeStyle::kHalves);
}

void ReadQwen3(GgufConfig& config) {
  ReadQwen2(config);
  config.spec.names.q_norm = "attn_q_norm";
  config.spec.names.k_norm = "attn_k_norm";
}

void ReadGemma(GgufConfig& config) { config.ReadGemma(); }

void ReadGemma2(GgufConfig& config) {
  config.ReadLaterGemma(2, 46);
  config.spec.attention_soft_cap = config.reader.Positive(config.Key("attn_logit_softcapping"));
  config.spec.final_soft_cap = config.reader.Positive(config.Key("final_logit_softcapping"));
}

void ReadGemma3(GgufConfig& config) {
  config.ReadLaterGemma(6, 62);
  config.spec.names.q_norm = "attn_q_norm";
  config.spec.names.k_norm = "attn_k_norm";
  config.spec.final_soft_cap = config.reader.PositiveIfAny(config.Key("final_logit_softcapping")).value_or(0);
  RopeParameters local = {.rotary = config.spec.ropes[0].rotary};
  local.theta = config.reader.PositiveIfAny(config.Key("rope.freq_base_swa")).value_or(10000);
  config.spec.ropes.push_back(local);
  for (LayerSpec& layer : config.spec.layers) layer.rope = layer.window != 0 ? 1 : 0;
}

void ReadPhi2(GgufConfig& config) {
  config.ReadLayerNorm();
  config.ReadRope(RopeStyle::kHalves);
  DecoderSpec& spec = config.spec;
  spec.residual = ResidualLayout::kParallel;
  spec.activation = UnaryFunction::kGeluTanh;
  spec.mlp_bias = spec.head_bias = true;
  spec.names.mlp_norm = spec.names.gate = "";
}

void ReadPhi3(GgufConfig& config) {
  config.ReadRms();
  config.ReadRope(RopeStyle::kHalves);
  config.spec.names.gate_up = "ffn_up";
  const std::string window = config.Key("attention.sliding_window");
  if (!config.reader.Has(window)) return;
  for (LayerSpec& layer : config.spec.layers) layer.window = config.reader.Count(window, limits::kModelWidthMax);
}

void ReadGptNeox(GgufConfig& config) {
  config.ReadLayerNorm();
  config.ReadRope(RopeStyle::kHalves);
  DecoderSpec& spec = config.spec;
  const bool parallel = config.reader.Flag(config.Key("use_parallel_residual"));
  spec.residual = parallel ? ResidualLayout::kParallelTwoNorms : ResidualLayout::kSequential;
  spec.activation = UnaryFunction::kGeluErf;
  spec.mlp_bias = true;
  spec.names.gate = "";
}

constexpr std::pair<std::string_view, void (*)(GgufConfig&)> kFamilies[] = {
    {"llama", &ReadLlama}, {"qwen2", &ReadQwen2},   {"qwen3", &ReadQwen3},
    {"gemma", &ReadGemma}, {"gemma2", &ReadGemma2}, {"gemma3", &ReadGemma3},
    {"phi2", &ReadPhi2},   {"phi3", &ReadPhi3},     {"gptneox", &ReadGptNeox},
};

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ParseGgufModel(const TensorSource& source) {
  const auto* architecture = source.metadata().Get<std::string>("general.architecture");
  if (architecture == nullptr) {
    return WithErrorClass(InvalidArgument("GGUF key \"general.architecture\" is missing or not a text"),
                          ErrorClass::kPolicy);
  }
  Json keys = Json::object();
  for (const MetadataEntry& entry : source.metadata().entries()) {
    if (!IsAboutTheFile(entry.key)) keys[entry.key] = ToJson(entry.value);
  }
  for (const auto& [name, read] : kFamilies) {
    if (name != *architecture) continue;
    GgufConfig config = {source, *architecture, ConfigReader(keys)};
    config.ReadSizes();
    read(config);
    PLUMB_RETURN_IF_ERROR(config.ReadRopeFactors());
    return FinishDecoder(config.reader, std::move(config.spec));
  }
  return absl::UnimplementedError(
      fmt::format("GGUF architecture \"{}\" is not one that Plumb runs", architecture->substr(0, 64)));
}

}  // namespace plumb
