#include "verify/inference/architectures/rope_parameters.h"

#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

constexpr char kOriginal[] = "original_max_position_embeddings";

constexpr std::pair<std::string_view, RopeKind> kKinds[] = {
    {"default", RopeKind::kDefault},   {"linear", RopeKind::kLinear}, {"dynamic", RopeKind::kDynamic},
    {"yarn", RopeKind::kYarn},         {"su", RopeKind::kLongrope},  // Phi-3's first name for it.
    {"longrope", RopeKind::kLongrope}, {"llama3", RopeKind::kLlama3},
};

// Old configs say `type`, newer ones `rope_type`, some both.
RopeKind ReadKind(ConfigReader& inner) {
  const std::string key = inner.Has("rope_type") ? "rope_type" : "type";
  const std::string name = inner.Text(inner.Has(key) ? key : "rope_type");
  if (inner.Has("rope_type") && inner.Has("type") && inner.Text("type") != name) {
    inner.Refuse("type", fmt::format("differs from rope_type, \"{}\"", name.substr(0, 64)));
  }
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  inner.Refuse(key, fmt::format("names the unknown kind \"{}\"", name.substr(0, 64)));
  return RopeKind::kDefault;
}

// Both readers' numbers must be one: versions of transformers differ in which of the two they use.
void RequireRatio(ConfigReader& inner, double factor, uint64_t positions_max, uint64_t original) {
  const double ratio = static_cast<double>(positions_max) / static_cast<double>(original);
  if (std::abs(factor - ratio) > 1e-6 * ratio) {
    inner.Refuse("factor", fmt::format("is {}, but max_position_embeddings / {} is {}: readers would differ", factor,
                                       kOriginal, ratio));
  }
}

double YarnMagnitude(double scale, double weight) { return scale <= 1 ? 1 : 0.1 * weight * std::log(scale) + 1; }

void ReadYarn(ConfigReader& inner, const RopeContext& context, RopeParameters& rope) {
  rope.factor = inner.Positive("factor");
  if (rope.theta <= 1) inner.Refuse("factor", fmt::format("needs a base above 1, which is {}", rope.theta));
  rope.original_positions = inner.SizeOr(kOriginal, limits::kModelWidthMax, context.positions_max);
  if (inner.Has(kOriginal)) RequireRatio(inner, rope.factor, context.positions_max, rope.original_positions);
  rope.beta_fast = inner.PositiveIfAny("beta_fast").value_or(rope.beta_fast);
  rope.beta_slow = inner.PositiveIfAny("beta_slow").value_or(rope.beta_slow);
  inner.Only("truncate", true);
  const std::optional<double> magnitude = inner.PositiveIfAny("attention_factor");
  const std::optional<double> one = inner.PositiveIfAny("mscale");
  const std::optional<double> all = inner.PositiveIfAny("mscale_all_dim");
  if (one.has_value() != all.has_value()) {
    inner.Refuse(one ? "mscale" : "mscale_all_dim", "stands without the other of mscale and mscale_all_dim");
  }
  if (one && magnitude) inner.Refuse("mscale", "stands beside attention_factor, which readers use instead");
  rope.magnitude = YarnMagnitude(rope.factor, 1);
  if (one && all) rope.magnitude = YarnMagnitude(rope.factor, *one) / YarnMagnitude(rope.factor, *all);
  if (magnitude) rope.magnitude = *magnitude;
}

void ReadLongrope(ConfigReader& inner, ConfigReader& outer, const RopeContext& context, RopeParameters& rope) {
  rope.short_factors = inner.Positives("short_factor");
  rope.long_factors = inner.Positives("long_factor");
  for (const auto& [key, list] :
       {std::pair("short_factor", &rope.short_factors), {"long_factor", &rope.long_factors}}) {
    if (list->size() != rope.rotary / 2) {
      inner.Refuse(key, fmt::format("has {} numbers, expected {}", list->size(), rope.rotary / 2));
      list->assign(rope.rotary / 2, 1);
    }
  }
  // Phi-3 states it beside the object, newer configs inside.
  ConfigReader& owner = outer.Has(kOriginal) ? outer : inner;
  rope.original_positions = owner.Size(kOriginal, limits::kModelWidthMax);
  if (outer.Has(kOriginal) &&
      inner.SizeOr(kOriginal, limits::kModelWidthMax, rope.original_positions) != rope.original_positions) {
    inner.Refuse(kOriginal, fmt::format("differs from the {} beside it", rope.original_positions));
  }
  rope.factor = static_cast<double>(context.positions_max) / static_cast<double>(rope.original_positions);
  if (inner.Has("factor")) {
    RequireRatio(inner, inner.Positive("factor"), context.positions_max, rope.original_positions);
  }
  const std::optional<double> magnitude = inner.PositiveIfAny("attention_factor");
  rope.magnitude = rope.factor <= 1
                       ? 1
                       : std::sqrt(1 + std::log(rope.factor) / std::log(static_cast<double>(rope.original_positions)));
  if (rope.original_positions < 2) inner.Refuse(kOriginal, "is 1, expected at least 2");
  if (magnitude) rope.magnitude = *magnitude;
}

void ReadLlama3(ConfigReader& inner, RopeParameters& rope) {
  rope.factor = inner.Positive("factor");
  rope.low_factor = inner.Positive("low_freq_factor");
  rope.high_factor = inner.Positive("high_freq_factor");
  rope.original_positions = inner.Size(kOriginal, limits::kModelWidthMax);
  if (rope.high_factor <= rope.low_factor) {
    inner.Refuse("high_freq_factor", fmt::format("is {}, not above low_freq_factor", rope.high_factor));
  }
}

void ReadDynamic(ConfigReader& inner, const RopeContext& context, RopeParameters& rope) {
  rope.factor = inner.Positive("factor");
  rope.original_positions = context.positions_max;
  if (inner.SizeOr(kOriginal, limits::kModelWidthMax, context.positions_max) != context.positions_max) {
    inner.Refuse(kOriginal, "differs from max_position_embeddings: readers would differ");
  }
  if (rope.rotary <= 2) inner.Refuse("factor", "cannot change the base of a single frequency");
}

void ReadScaling(ConfigReader& inner, ConfigReader& outer, const RopeContext& context, RopeParameters& rope) {
  rope.kind = ReadKind(inner);
  switch (rope.kind) {
    case RopeKind::kDefault:
      return;
    case RopeKind::kLinear:
      rope.factor = inner.Positive("factor");
      return;
    case RopeKind::kDynamic:
      return ReadDynamic(inner, context, rope);
    case RopeKind::kYarn:
      return ReadYarn(inner, context, rope);
    case RopeKind::kLongrope:
      return ReadLongrope(inner, outer, context, rope);
    case RopeKind::kLlama3:
      return ReadLlama3(inner, rope);
  }
}

uint64_t ReadRotary(ConfigReader& reader, const std::string& key, const RopeContext& context) {
  double share = 1;
  if (!context.partial_key.empty()) {
    share = context.partial_absent && !reader.Has(key) ? *context.partial_absent : reader.Positive(key);
  }
  const uint64_t rotary = share > 1 ? 0 : static_cast<uint64_t>(static_cast<double>(context.head_size) * share);
  if (rotary == 0 || rotary % 2 != 0) {
    reader.Refuse(context.partial_key.empty() ? "head_dim" : key,
                  fmt::format("{} of a head's {} dimensions cannot be rotated in pairs", share, context.head_size));
    return 2;
  }
  return rotary;
}

}  // namespace

RopeParameters ReadRopeObject(ConfigReader& inner, ConfigReader& outer, const RopeContext& context) {
  constexpr char kPartial[] = "partial_rotary_factor";
  RopeParameters rope;
  rope.theta = inner.Positive("rope_theta");
  if (context.partial_key.empty()) inner.Only(kPartial, 1.0);
  // A config that names the share beside the object must mean the same.
  const bool beside = !context.partial_key.empty() && outer.Has(context.partial_key);
  rope.rotary = beside ? ReadRotary(outer, context.partial_key, context) : ReadRotary(inner, kPartial, context);
  if (beside && inner.Has(kPartial) && ReadRotary(inner, kPartial, context) != rope.rotary) {
    inner.Refuse(kPartial, fmt::format("differs from {}", context.partial_key));
  }
  // transformers 5 takes an object without a kind for one of the kind "default".
  if (!inner.Has("rope_type") && !inner.Has("type")) {
    inner.Irrelevant({"rope_type", "type"});
  } else {
    ReadScaling(inner, outer, context, rope);
  }
  return rope;
}

RopeParameters ReadRope(ConfigReader& reader, const RopeContext& context) {
  constexpr char kParameters[] = "rope_parameters";
  constexpr char kScaling[] = "rope_scaling";
  if (const nlohmann::json* object = reader.Object(kParameters); object != nullptr) {
    ConfigReader inner(*object, std::string(kParameters) + ".");
    RopeParameters rope = ReadRopeObject(inner, reader, context);
    reader.Include(inner);
    if (reader.Has(context.theta_key) && reader.Positive(context.theta_key) != rope.theta) {
      reader.Refuse(context.theta_key, fmt::format("differs from {}.rope_theta, {}", kParameters, rope.theta));
    }
    reader.Only(kScaling, nullptr);
    return rope;
  }
  RopeParameters rope;
  const bool own = context.theta_absent && !reader.Has(context.theta_key);
  rope.theta = own ? *context.theta_absent : reader.Positive(context.theta_key);
  rope.rotary = ReadRotary(reader, context.partial_key, context);
  if (const nlohmann::json* object = reader.Object(kScaling); object != nullptr) {
    ConfigReader inner(*object, std::string(kScaling) + ".");
    ReadScaling(inner, reader, context, rope);
    reader.Include(inner);
  }
  return rope;
}

}  // namespace plumb
