// Rotations as GGUF key-values and the tensors of factors describe them.
#include <cmath>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/gguf_config.h"
#include "verify/inference/architectures/gguf_decoder.h"

namespace plumb {
namespace {

constexpr char kOriginal[] = "rope.scaling.original_context_length";
constexpr char kMagnitude[] = "rope.scaling.attn_factor";

void ReadYarn(GgufDecoder& file, RopeParameters& rope) {
  ConfigReader& reader = file.reader;
  rope.kind = RopeKind::kYarn;
  rope.factor = reader.Positive(file.Key("rope.scaling.factor"));
  if (rope.factor < 1) reader.Refuse(file.Key("rope.scaling.factor"), fmt::format("is {}, below 1", rope.factor));
  if (rope.theta <= 1) reader.Refuse(file.Key("rope.freq_base"), fmt::format("is {}, not above 1", rope.theta));
  rope.original_positions = file.Size(kOriginal);
  rope.beta_fast = reader.PositiveIfAny(file.Key("rope.scaling.yarn_beta_fast")).value_or(rope.beta_fast);
  rope.beta_slow = reader.PositiveIfAny(file.Key("rope.scaling.yarn_beta_slow")).value_or(rope.beta_slow);
  reader.Only(file.Key("rope.scaling.yarn_ext_factor"), 1.0);
  reader.Only(file.Key("rope.scaling.yarn_attn_factor"), 1.0);
  rope.magnitude = (0.1 * std::log(rope.factor) + 1) * reader.PositiveIfAny(file.Key(kMagnitude)).value_or(1);
}

void ReadScaling(GgufDecoder& file, RopeParameters& rope) {
  const std::string key = file.Key("rope.scaling.type");
  const std::string type = file.reader.Has(key) ? file.reader.Text(key) : "none";
  if (type == "yarn") {
    ReadYarn(file, rope);
  } else if (type == "linear") {
    rope.kind = RopeKind::kLinear;
    rope.factor = file.reader.Positive(file.Key("rope.scaling.factor"));
  } else if (type == "longrope") {
    rope.kind = RopeKind::kLongrope;  // By factors that ReadRopeFactors finds.
  } else if (type != "none") {
    file.reader.Refuse(key, fmt::format("is \"{}\", expected none, linear, yarn or longrope", type.substr(0, 64)));
  }
  file.reader.Irrelevant({file.Key("rope.scaling.finetuned").c_str()});
}

// Factors by which periods are multiplied.
absl::StatusOr<std::vector<double>> ReadFactors(GgufDecoder& file, const SourceTensor& tensor, uint64_t count) {
  std::vector<double> factors(count, 1);
  if (tensor.element_count() != count) {
    file.reader.Refuse(tensor.name, fmt::format("has {} factors, expected {}", tensor.element_count(), count));
    return factors;
  }
  std::vector<float> values(count);
  PLUMB_RETURN_IF_ERROR(file.source.ReadF32(tensor, 0, values));
  for (size_t i = 0; i < count; ++i) {
    if (!(values[i] > 0) || !std::isfinite(values[i])) {
      file.reader.Refuse(tensor.name, fmt::format("holds {}, expected numbers above zero", values[i]));
    } else {
      factors[i] = values[i];
    }
  }
  return factors;
}

// One list for all runs.
absl::Status ReadOneList(GgufDecoder& file, const SourceTensor& tensor, RopeParameters& rope) {
  if (rope.kind != RopeKind::kDefault) file.reader.Refuse(tensor.name, "stands beside another scaling");
  rope.kind = RopeKind::kLongrope;
  PLUMB_ASSIGN_OR_RETURN(rope.short_factors, ReadFactors(file, tensor, rope.rotary / 2));
  rope.long_factors = rope.short_factors;
  return absl::OkStatus();
}

absl::Status ReadTwoLists(GgufDecoder& file, RopeParameters& rope) {
  const SourceTensor* few = file.source.Find(kGgufShortFactors);
  const SourceTensor* many = file.source.Find(kGgufLongFactors);
  if (few == nullptr || many == nullptr) {
    file.reader.Refuse(std::string(few == nullptr ? kGgufShortFactors : kGgufLongFactors),
                       "is a tensor that the rotation needs and the file has not");
    return absl::OkStatus();
  }
  if (rope.kind != RopeKind::kDefault && rope.kind != RopeKind::kLongrope) {
    file.reader.Refuse(few->name, "stands beside another scaling");
  }
  rope.kind = RopeKind::kLongrope;
  rope.original_positions = file.Size(kOriginal);
  rope.magnitude = file.reader.Positive(file.Key(kMagnitude));
  PLUMB_ASSIGN_OR_RETURN(rope.short_factors, ReadFactors(file, *few, rope.rotary / 2));
  PLUMB_ASSIGN_OR_RETURN(rope.long_factors, ReadFactors(file, *many, rope.rotary / 2));
  return absl::OkStatus();
}

}  // namespace

void GgufDecoder::ReadRope(RopeStyle style) {
  RopeParameters rope = {.style = style};
  // Files without it were made of configs without it; llama.cpp has always read them so.
  rope.theta = reader.PositiveIfAny(Key("rope.freq_base")).value_or(10000);
  rope.rotary = SizeOr("rope.dimension_count", spec.head_size);
  if (rope.rotary > spec.head_size || rope.rotary % 2 != 0) {
    reader.Refuse(Key("rope.dimension_count"), fmt::format("is {} of a head's {}", rope.rotary, spec.head_size));
    rope.rotary = 2;
  }
  ReadScaling(*this, rope);
  spec.ropes = {rope};
}

absl::Status GgufDecoder::ReadRopeFactors() {
  if (spec.ropes.empty()) {
    RefuseRopeFactors();
    return absl::OkStatus();
  }
  RopeParameters& rope = spec.ropes[0];
  const bool two = HasTensor(kGgufShortFactors) || HasTensor(kGgufLongFactors) || rope.kind == RopeKind::kLongrope;
  if (two) PLUMB_RETURN_IF_ERROR(ReadTwoLists(*this, rope));
  if (const SourceTensor* factors = source.Find(kGgufRopeFactors); factors != nullptr) {
    PLUMB_RETURN_IF_ERROR(ReadOneList(*this, *factors, rope));
  }
  if (two || rope.kind == RopeKind::kYarn) return absl::OkStatus();
  // Without scaling nothing depends on how long the first training's runs were.
  reader.Irrelevant({Key(kOriginal).c_str()});
  reader.Only(Key(kMagnitude), 1.0);
  return absl::OkStatus();
}

}  // namespace plumb
