#include <algorithm>
#include <cmath>
#include <numbers>

#include "verify/inference/architectures/rope_parameters.h"

namespace plumb {
namespace {

// base ^ (2 i / dimensions) for each pair i.
std::vector<float> Periods(double base, uint64_t dimensions) {
  std::vector<float> periods;
  for (uint64_t i = 0; i < dimensions; i += 2) {
    periods.push_back(std::pow(static_cast<float>(base), static_cast<float>(i) / static_cast<float>(dimensions)));
  }
  return periods;
}

double DynamicBase(const RopeParameters& rope, uint64_t positions) {
  const auto original = static_cast<double>(rope.original_positions);
  const double longer = std::max(static_cast<double>(positions), original);
  const auto dimensions = static_cast<double>(rope.rotary);
  return rope.theta * std::pow(rope.factor * longer / original - (rope.factor - 1), dimensions / (dimensions - 2));
}

// The dimension that turns `rotations` times within the original positions.
double YarnDimension(const RopeParameters& rope, double rotations) {
  return static_cast<double>(rope.rotary) *
         std::log(static_cast<double>(rope.original_positions) / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(rope.theta));
}

void ScaleYarn(const RopeParameters& rope, const std::vector<float>& periods, std::vector<float>& frequencies) {
  const double low = std::max(std::floor(YarnDimension(rope, rope.beta_fast)), 0.0);
  double high = std::min(std::ceil(YarnDimension(rope, rope.beta_slow)), static_cast<double>(rope.rotary) - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const float place = (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low);
    const float kept = 1 - std::clamp(place, 0.0f, 1.0f);
    const float divided = 1 / (static_cast<float>(rope.factor) * periods[i]);
    frequencies[i] = divided * (1 - kept) + frequencies[i] * kept;
  }
}

void ScaleLlama3(const RopeParameters& rope, std::vector<float>& frequencies) {
  const auto original = static_cast<double>(rope.original_positions);
  const auto longest = static_cast<float>(original / rope.low_factor);
  const auto shortest = static_cast<float>(original / rope.high_factor);
  for (float& frequency : frequencies) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / frequency;
    if (wavelength < shortest) continue;
    const float divided = frequency / static_cast<float>(rope.factor);
    if (wavelength > longest) {
      frequency = divided;
      continue;
    }
    const float smooth = (static_cast<float>(original) / wavelength - static_cast<float>(rope.low_factor)) /
                         static_cast<float>(rope.high_factor - rope.low_factor);
    frequency = (1 - smooth) * frequency / static_cast<float>(rope.factor) + smooth * frequency;
  }
}

}  // namespace

RopeAttributes RopeFor(const RopeParameters& rope, uint64_t head_size, uint64_t positions) {
  const double base = rope.kind == RopeKind::kDynamic ? DynamicBase(rope, positions) : rope.theta;
  std::vector<float> periods = Periods(base, rope.rotary);
  if (rope.kind == RopeKind::kLongrope) {
    const std::vector<double>& factors = positions > rope.original_positions ? rope.long_factors : rope.short_factors;
    for (size_t i = 0; i < periods.size(); ++i) periods[i] *= static_cast<float>(factors[i]);
  }
  std::vector<float> frequencies;
  for (float period : periods) frequencies.push_back(1 / period);
  if (rope.kind == RopeKind::kLinear) {
    for (float& frequency : frequencies) frequency /= static_cast<float>(rope.factor);
  }
  if (rope.kind == RopeKind::kYarn) ScaleYarn(rope, periods, frequencies);
  if (rope.kind == RopeKind::kLlama3) ScaleLlama3(rope, frequencies);
  return {.head_size = head_size, .frequencies = frequencies, .magnitude = rope.magnitude, .style = rope.style};
}

}  // namespace plumb
