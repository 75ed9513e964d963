#include <cmath>
#include <vector>

#include "fmt/format.h"
#include "verify/inference/architectures/gguf_config.h"
#include "verify/inference/architectures/gguf_export.h"

namespace plumb {
namespace {

constexpr double kSwaBase = 10000;  // What llama.cpp's gemma3 takes when no key says the base of windows.

std::vector<float> ToFloats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// By how much each period is multiplied, from frequencies with and without.
std::vector<float> FactorsOf(const RopeParameters& rope, uint64_t head_size) {
  RopeParameters plain = rope;
  plain.kind = RopeKind::kDefault;
  const std::vector<float> before = RopeFor(plain, head_size, 1).frequencies;
  const std::vector<float> after = RopeFor(rope, head_size, 1).frequencies;
  std::vector<float> factors;
  for (size_t i = 0; i < before.size(); ++i) factors.push_back(before[i] / after[i]);
  return factors;
}

void WriteYarn(const RopeParameters& rope, GgufKeyWriter& writer) {
  writer.Text("rope.scaling.type", "yarn");
  writer.Number("rope.scaling.factor", rope.factor);
  writer.Count("rope.scaling.original_context_length", rope.original_positions);
  // llama.cpp has the magnitude of YaRN's paper by itself.
  const double own = rope.magnitude / (0.1 * std::log(rope.factor) + 1);
  if (std::abs(own - 1) > 1e-6) writer.Number("rope.scaling.attn_factor", own);
}

void WriteScaling(const DecoderSpec& spec, const RopeParameters& rope, GgufKeyWriter& writer) {
  GgufDescription& out = writer.description();
  if (rope.kind == RopeKind::kLinear) {
    writer.Text("rope.scaling.type", "linear");
    writer.Number("rope.scaling.factor", rope.factor);
  } else if (rope.kind == RopeKind::kYarn) {
    WriteYarn(rope, writer);
  } else if (rope.kind == RopeKind::kLongrope) {
    writer.Count("rope.scaling.original_context_length", rope.original_positions);
    writer.Number("rope.scaling.attn_factor", rope.magnitude);
    out.tables.emplace_back(kGgufLongFactors, ToFloats(rope.long_factors));
    out.tables.emplace_back(kGgufShortFactors, ToFloats(rope.short_factors));
  } else if (rope.kind == RopeKind::kLlama3) {
    out.tables.emplace_back(kGgufRopeFactors, FactorsOf(rope, spec.head_size));
  }
}

}  // namespace

void WriteRopes(const DecoderSpec& spec, GgufKeyWriter& writer) {
  if (spec.ropes.empty()) return;
  const RopeParameters& rope = spec.ropes[0];
  writer.Count("rope.dimension_count", rope.rotary);
  writer.Number("rope.freq_base", rope.theta);
  WriteScaling(spec, rope, writer);
  if (spec.ropes.size() > 1 && spec.ropes[1].theta != kSwaBase) {
    writer.Number("rope.freq_base_swa", spec.ropes[1].theta);
  }
}

}  // namespace plumb
