#include "verify/inference/backends/onednn/rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "verify/inference/backends/bfloat16.h"
#include "verify/inference/backends/wider_vectors.h"

namespace plumb::onednn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr uint64_t kLanes = 32;  // Sums are kept in so many parts, which vectors hold side by side.

// e^x to float32's precision for x <= 88; 0 below -87, where results would be denormal.
PLUMB_WITHIN_VECTORS float ExpOf(float x) {
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f;  // So few bits that its product with a small whole number is exact.
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRounding = 12582912.0f;  // 1.5 * 2^23: what is added to it is rounded to a whole number.
  const float bounded = x < -87.0f ? -87.0f : x;
  const float shifted = bounded * kLog2E + kRounding;
  const float n = shifted - kRounding;
  const float r = (bounded - n * kLn2High) - n * kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const float scaled = std::bit_cast<float>(std::bit_cast<uint32_t>(p) + (std::bit_cast<uint32_t>(shifted) << 23));
  return x < -87.0f ? 0.0f : scaled;
}

PLUMB_WITHIN_VECTORS float TanhOf(float x) {
  const float size = std::abs(x);
  const float bounded = size > 10.0f ? 10.0f : size;
  const float large = 1.0f - 2.0f / (ExpOf(2.0f * bounded) + 1.0f);
  const float s = x * x;
  float p = -1382.0f / 155925;
  p = p * s + 62.0f / 2835;
  p = p * s - 17.0f / 315;
  p = p * s + 2.0f / 15;
  p = p * s - 1.0f / 3;
  const float small = size + size * s * p;
  return std::copysign(size < 0.35f ? small : large, x);
}

template <typename Combine>
PLUMB_WITHIN_VECTORS float Fold(const float* x, uint64_t count, float start, Combine combine) {
  float lanes[kLanes];
  for (float& lane : lanes) lane = start;
  uint64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (uint64_t j = 0; j < kLanes; ++j) lanes[j] = combine(lanes[j], x[i + j]);
  }
  for (; i < count; ++i) lanes[0] = combine(lanes[0], x[i]);
  float result = start;
  for (float lane : lanes) result = combine(result, lane);
  return result;
}

// Lanes in float32 over parts of a row so short that little is lost, parts in double.
template <typename Term>
PLUMB_WITHIN_VECTORS double Sum(const float* x, uint64_t count, Term term) {
  constexpr uint64_t kPart = 64 * kLanes;
  double total = 0;
  for (uint64_t begin = 0; begin < count; begin += kPart) {
    const uint64_t end = begin + kPart < count ? begin + kPart : count;
    float lanes[kLanes] = {};
    uint64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      for (uint64_t j = 0; j < kLanes; ++j) lanes[j] += term(x[i + j]);
    }
    for (; i < end; ++i) lanes[0] += term(x[i]);
    for (float lane : lanes) total += lane;
  }
  return total;
}

PLUMB_WITHIN_VECTORS float MaxOf(float a, float b) { return a > b || a != a ? a : b; }
PLUMB_WITHIN_VECTORS float MinOf(float a, float b) { return a < b || a != a ? a : b; }

}  // namespace

PLUMB_FOR_WIDER_VECTORS
bool AllFinite(const float* x, uint64_t count) {
  constexpr uint32_t kExponent = 0x7F800000;
  uint32_t found = 0;
  for (uint64_t i = 0; i < count; ++i) {
    found |= (std::bit_cast<uint32_t>(x[i]) & kExponent) == kExponent ? 1u : 0u;
  }
  return found == 0;
}

PLUMB_FOR_WIDER_VECTORS
void SoftmaxRow(const float* x, uint64_t width, float* out) {
  const float most = Fold(x, width, -kInfinity, MaxOf);
  if (!(std::abs(most) < kInfinity)) {  // Nothing to share out; or NaN or +Inf, which spoil the row.
    std::fill_n(out, width, most == -kInfinity ? 0.0f : std::numeric_limits<float>::quiet_NaN());
    return;
  }
  for (uint64_t i = 0; i < width; ++i) out[i] = ExpOf(x[i] - most);
  const auto factor = static_cast<float>(1 / Sum(out, width, [](float v) { return v; }));
  for (uint64_t i = 0; i < width; ++i) out[i] *= factor;
}

PLUMB_FOR_WIDER_VECTORS
void LayerNormRow(const float* x, const float* gain, const float* bias, uint64_t width, double epsilon, float* out) {
  const auto count = static_cast<double>(width);
  const double mean = Sum(x, width, [](float v) { return v; }) / count;
  const auto middle = static_cast<float>(mean);
  const double variance = Sum(x, width, [middle](float v) { return (v - middle) * (v - middle); }) / count;
  const auto factor = static_cast<float>(1 / std::sqrt(variance + epsilon));
  if (bias == nullptr) {
    for (uint64_t i = 0; i < width; ++i) out[i] = (x[i] - middle) * factor * gain[i];
  } else {
    for (uint64_t i = 0; i < width; ++i) out[i] = (x[i] - middle) * factor * gain[i] + bias[i];
  }
}

PLUMB_FOR_WIDER_VECTORS
void RmsNormRow(const float* x, const float* gain, uint64_t width, const RmsNormAttributes& attributes, float* out) {
  const double mean = Sum(x, width, [](float v) { return v * v; }) / static_cast<double>(width);
  const auto factor = static_cast<float>(1 / std::sqrt(mean + attributes.epsilon));
  const auto offset = static_cast<float>(attributes.gain_offset);
  for (uint64_t i = 0; i < width; ++i) out[i] = x[i] * factor * (gain[i] + offset);
}

PLUMB_FOR_WIDER_VECTORS
void CapRow(float* x, uint64_t width, float cap) {
  const float inverse = 1 / cap;
  for (uint64_t i = 0; i < width; ++i) x[i] = cap * TanhOf(x[i] * inverse);
}

PLUMB_FOR_WIDER_VECTORS
void AddToRow(float* x, const float* term, uint64_t step, uint64_t width) {
  if (step == 0) {
    const float value = *term;
    for (uint64_t i = 0; i < width; ++i) x[i] += value;
  } else {
    for (uint64_t i = 0; i < width; ++i) x[i] += term[i];
  }
}

PLUMB_FOR_WIDER_VECTORS
void ScaleRow(const float* x, uint64_t width, float factor, float* out) {
  for (uint64_t i = 0; i < width; ++i) out[i] = factor * x[i];
}

PLUMB_FOR_WIDER_VECTORS
void RotateHalves(const float* a, const float* b, const float* cosine, const float* sine, uint64_t pairs, float* out_a,
                  float* out_b) {
  for (uint64_t i = 0; i < pairs; ++i) {
    out_a[i] = a[i] * cosine[i] - b[i] * sine[i];
    out_b[i] = b[i] * cosine[i] + a[i] * sine[i];
  }
}

PLUMB_FOR_WIDER_VECTORS
void RotatePairs(const float* x, const float* cosine, const float* sine, uint64_t pairs, float* out) {
  for (uint64_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i];
    const float b = x[2 * i + 1];
    out[2 * i] = a * cosine[i] - b * sine[i];
    out[2 * i + 1] = b * cosine[i] + a * sine[i];
  }
}

PLUMB_FOR_WIDER_VECTORS
void RoundRow(const float* x, uint64_t count, uint16_t* out) {
  for (uint64_t i = 0; i < count; ++i) out[i] = ToBFloat16(x[i]);
}

PLUMB_FOR_WIDER_VECTORS
double ReduceRow(ReduceFunction function, const float* x, uint64_t count) {
  switch (function) {
    case ReduceFunction::kMax:
      return Fold(x, count, -kInfinity, MaxOf);
    case ReduceFunction::kMin:
      return Fold(x, count, kInfinity, MinOf);
    case ReduceFunction::kProd: {
      double product = 1;
      for (uint64_t i = 0; i < count; ++i) product *= x[i];
      return product;
    }
    default:
      return Sum(x, count, [](float v) { return v; });
  }
}

PLUMB_FOR_WIDER_VECTORS
void ReduceInto(ReduceFunction function, const float* x, uint64_t count, double* sums) {
  switch (function) {
    case ReduceFunction::kMax:
      for (uint64_t i = 0; i < count; ++i) sums[i] = sums[i] > x[i] || sums[i] != sums[i] ? sums[i] : x[i];
      break;
    case ReduceFunction::kMin:
      for (uint64_t i = 0; i < count; ++i) sums[i] = sums[i] < x[i] || sums[i] != sums[i] ? sums[i] : x[i];
      break;
    case ReduceFunction::kProd:
      for (uint64_t i = 0; i < count; ++i) sums[i] *= x[i];
      break;
    default:
      for (uint64_t i = 0; i < count; ++i) sums[i] += x[i];
      break;
  }
}

}  // namespace plumb::onednn
