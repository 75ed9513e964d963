#include "verify/inference/architectures/decoder_config.h"

#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Each layer's rotation has a frequency for every pair: all layers together as many as a dimension may be.
constexpr uint64_t kHeadSizeMax = limits::kModelWidthMax / limits::kModelLayersMax;

void CheckHeads(ConfigReader& reader, const std::string& heads_key, DecoderSpec& spec) {
  if (spec.head_size > kHeadSizeMax) {
    reader.Refuse(heads_key,
                  fmt::format("makes heads of {} dimensions, at most {} are read", spec.head_size, kHeadSizeMax));
    spec.head_size = 2;
  }
  if (spec.heads % spec.kv_heads != 0) {
    reader.Refuse("num_key_value_heads",
                  fmt::format("is {}, which does not divide {} heads", spec.kv_heads, spec.heads));
    spec.kv_heads = 1;
  }
  spec.attention_scale = 1 / std::sqrt(static_cast<double>(spec.head_size));
}

uint64_t HeadSizeFromWidth(ConfigReader& reader, const std::string& heads_key, const DecoderSpec& spec) {
  if (spec.width % spec.heads == 0) return spec.width / spec.heads;
  reader.Refuse(heads_key, fmt::format("is {}, which does not divide hidden_size {}", spec.heads, spec.width));
  return 2;
}

}  // namespace

void ReadSizes(ConfigReader& reader, DecoderSpec& spec) {
  spec.vocabulary = reader.Size("vocab_size", limits::kModelWidthMax);
  spec.width = reader.Size("hidden_size", limits::kModelWidthMax);
  spec.layers.resize(reader.Size("num_hidden_layers", limits::kModelLayersMax));
  spec.heads = reader.Size("num_attention_heads", limits::kModelWidthMax);
  spec.positions_max = reader.Size("max_position_embeddings", limits::kModelWidthMax);
}

void ReadKeyHeads(ConfigReader& reader, const DecoderDefaults& defaults, DecoderSpec& spec) {
  spec.kv_heads = defaults.kv_heads_are_heads ? reader.SizeOr("num_key_value_heads", limits::kModelWidthMax, spec.heads)
                                              : reader.Size("num_key_value_heads", limits::kModelWidthMax);
  const bool follows = defaults.head_size_follows_width && !reader.Has("head_dim");
  spec.head_size = follows ? HeadSizeFromWidth(reader, "num_attention_heads", spec)
                           : reader.Size("head_dim", limits::kModelWidthMax);
  if (follows) reader.Irrelevant({"head_dim"});
  CheckHeads(reader, follows ? "num_attention_heads" : "head_dim", spec);
}

void SplitWidthIntoHeads(ConfigReader& reader, const std::string& heads_key, DecoderSpec& spec) {
  SplitWidthIntoHeads(reader, heads_key, spec.heads, 0, spec);
}

void SplitWidthIntoHeads(ConfigReader& reader, const std::string& heads_key, uint64_t kv_heads, uint64_t head_size,
                         DecoderSpec& spec) {
  spec.kv_heads = kv_heads;
  spec.head_size = head_size != 0 ? head_size : HeadSizeFromWidth(reader, heads_key, spec);
  CheckHeads(reader, heads_key, spec);
}

void ReadOneRope(ConfigReader& reader, RopeContext context, DecoderSpec& spec) {
  context.head_size = spec.head_size;
  context.positions_max = spec.positions_max;
  spec.ropes = {ReadRope(reader, context)};
  if (spec.ropes[0].kind != RopeKind::kDynamic) return;
  const double longest = static_cast<double>(spec.positions_max) * spec.ropes[0].factor;
  if (longest < static_cast<double>(spec.positions_max) || longest > static_cast<double>(limits::kModelWidthMax)) {
    reader.Refuse("rope_scaling", fmt::format("has a factor of {}, which is out of range", spec.ropes[0].factor));
    return;
  }
  spec.positions_max = static_cast<uint64_t>(longest);
}

void ReadLanguageModel(ConfigReader& reader, const DecoderDefaults& defaults, DecoderSpec& spec) {
  constexpr std::string_view kHead = "ForCausalLM";
  spec.tied = reader.FlagOr("tie_word_embeddings", defaults.tied);
  const std::string base = defaults.class_name.substr(0, defaults.class_name.size() - kHead.size()) + "Model";
  for (const std::string& name : reader.TextsOr("architectures")) {
    // A bare model has no output of its own: with tied embeddings the head is known all the same.
    if (name == defaults.class_name || (name == base && spec.tied)) continue;
    reader.Refuse("architectures", fmt::format("names \"{}\", expected {}", name.substr(0, 64), defaults.class_name));
  }
  reader.IrrelevantToAll();
  reader.Only("is_encoder_decoder", false);
  reader.FlagOr("is_decoder", true);  // It is one in any case.
  reader.Irrelevant({"attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "classifier_dropout"});
}

void ReadLlamaLayout(ConfigReader& reader, const DecoderDefaults& defaults, const std::string& activation_key,
                     DecoderSpec& spec) {
  ReadSizes(reader, spec);
  ReadKeyHeads(reader, defaults, spec);
  spec.inner_width = reader.Size("intermediate_size", limits::kModelWidthMax);
  spec.activation = reader.Activation(activation_key);
  spec.norm.epsilon = reader.Positive("rms_norm_eps");
  spec.prefixes = {"model."};
  spec.ignored_in_layer = {"self_attn.rotary_emb.inv_freq"};
  ReadLanguageModel(reader, defaults, spec);
}

std::vector<bool> ReadLayerTypes(ConfigReader& reader, const std::vector<bool>& implied, const std::string& by) {
  constexpr char kKey[] = "layer_types";
  const std::vector<std::string> types = reader.TextsOr(kKey);
  if (!reader.Has(kKey)) return implied;
  if (types.size() != implied.size()) {
    reader.Refuse(kKey, fmt::format("has {} entries, expected {}", types.size(), implied.size()));
    return implied;
  }
  std::vector<bool> windows;
  for (const std::string& type : types) {
    if (type != "sliding_attention" && type != "full_attention") {
      reader.Refuse(kKey, fmt::format("names the unknown type \"{}\"", type.substr(0, 64)));
    }
    windows.push_back(type == "sliding_attention");
  }
  if (!by.empty() && windows != implied) {
    reader.Refuse(kKey, fmt::format("differs from what {} says: readers would differ", by));
  }
  return windows;
}

void ReadQwenWindows(ConfigReader& reader, DecoderSpec& spec) {
  std::vector<bool> implied(spec.layers.size(), false);
  uint64_t window = 0;
  if (reader.FlagOr("use_sliding_window", false)) {
    window = reader.Size("sliding_window", limits::kModelWidthMax);
    const uint64_t first = reader.Count("max_window_layers", limits::kModelLayersMax);
    for (size_t i = 0; i < implied.size(); ++i) implied[i] = i >= first;
  } else {
    reader.Irrelevant({"sliding_window", "max_window_layers"});
  }
  const std::vector<bool> windows = ReadLayerTypes(reader, implied, "use_sliding_window or max_window_layers");
  for (size_t i = 0; i < windows.size(); ++i) spec.layers[i].window = windows[i] ? window : 0;
}

absl::StatusOr<std::unique_ptr<Model>> FinishDecoder(const ConfigReader& reader, DecoderSpec spec) {
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return MakeDecoder(std::move(spec));
}

}  // namespace plumb
