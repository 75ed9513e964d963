// Gemma 3, text only: Gemma 2 with queries and keys normalised instead of capped, and a rotation of their own for the
// layers with a window.
//
// `attention_bias` is false and `tie_word_embeddings` true when absent. Which layers have a window must be stated, by
// `layer_types` or by the older `sliding_window_pattern`: every so many layers one has none.
#include <utility>

#include "plumb/base/limits.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/gemma2_layout.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

void ReadGemma3Windows(ConfigReader& reader, DecoderSpec& spec) {
  const uint64_t window = reader.Size("sliding_window", limits::kModelWidthMax);
  std::string pattern;
  for (const char* key : {"sliding_window_pattern", "_sliding_window_pattern"}) {
    if (reader.Has(key)) pattern = key;
  }
  std::vector<bool> implied(spec.layers.size(), false);
  if (!pattern.empty()) {
    const uint64_t period = reader.Size(pattern, limits::kModelLayersMax);
    for (size_t i = 0; i < implied.size(); ++i) implied[i] = (i + 1) % period != 0;
    if (reader.SizeOr("sliding_window_pattern", limits::kModelLayersMax, period) != period) {
      reader.Refuse("sliding_window_pattern", "differs from _sliding_window_pattern");
    }
  } else if (!reader.Has("layer_types")) {
    reader.Refuse("layer_types", "is missing, and sliding_window_pattern too");
  }
  const std::vector<bool> windows = ReadLayerTypes(reader, implied, pattern);
  for (size_t i = 0; i < windows.size(); ++i) {
    spec.layers[i] = {.window = windows[i] ? window : 0, .rope = windows[i] ? size_t{1} : size_t{0}};
  }
}

// The first rotation is for layers without a window, the second for those with one.
void ReadGemma3Ropes(ConfigReader& reader, DecoderSpec& spec) {
  constexpr char kParameters[] = "rope_parameters";
  const RopeContext context = {.head_size = spec.head_size, .positions_max = spec.positions_max};
  const nlohmann::json* object = reader.Object(kParameters);
  if (object == nullptr) {
    RopeContext local = context;
    local.theta_key = "rope_local_base_freq";
    const RopeParameters global = ReadRope(reader, context);
    const nlohmann::json plain = {{"rope_local_base_freq", reader.Positive("rope_local_base_freq")}};
    ConfigReader unscaled(plain);
    spec.ropes = {global, ReadRope(unscaled, local)};
    return;
  }
  ConfigReader types(*object, std::string(kParameters) + ".");
  spec.ropes.resize(2);
  size_t next = 0;
  for (const char* type : {"full_attention", "sliding_attention"}) {
    const nlohmann::json* own = types.Object(type);
    if (own == nullptr) {
      types.Refuse(type, "is missing, expected an object");
      continue;
    }
    ConfigReader inner(*own, std::string(kParameters) + "." + type + ".");
    spec.ropes[next++] = ReadRopeObject(inner, reader, context);
    types.Include(inner);
  }
  reader.Include(types);
  reader.Only("rope_scaling", nullptr);
  const std::pair<const char*, size_t> old[] = {{"rope_theta", 0}, {"rope_local_base_freq", 1}};
  for (const auto& [key, place] : old) {
    if (reader.PositiveIfAny(key).value_or(spec.ropes[place].theta) != spec.ropes[place].theta) {
      reader.Refuse(key, "differs from rope_parameters");
    }
  }
}

absl::StatusOr<std::unique_ptr<Model>> ParseGemma3Text(const nlohmann::json& json) {
  ConfigReader reader(json);
  DecoderSpec spec;
  spec.architecture = "gemma3_text";
  ReadLlamaLayout(reader, {.class_name = "Gemma3ForCausalLM", .tied = true}, "hidden_activation", spec);
  ReadGemma2Layout(reader, spec);
  spec.names.q_norm = "self_attn.q_norm";
  spec.names.k_norm = "self_attn.k_norm";
  reader.Only("attn_logit_softcapping", nullptr);
  reader.Only("use_bidirectional_attention", false);
  spec.final_soft_cap = reader.PositiveIfAny("final_logit_softcapping").value_or(0);
  ReadGemma3Windows(reader, spec);
  ReadGemma3Ropes(reader, spec);
  return FinishDecoder(reader, std::move(spec));
}

}  // namespace

const ArchitectureEntry kGemma3TextArchitecture = {"gemma3_text", &ParseGemma3Text};

}  // namespace plumb
