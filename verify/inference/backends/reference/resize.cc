#include <algorithm>
#include <cmath>
#include <vector>

#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/strides.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

// The operand's coordinate that place `at` of a dimension of the result stands for.
double SourceOf(const ResizeAttributes& resize, size_t d, uint64_t at, uint64_t from) {
  const double x = static_cast<double>(at);
  const double scale = resize.scales[d];
  const double to = static_cast<double>(resize.shape[d]);
  const double size = static_cast<double>(from);
  switch (resize.coordinates) {
    case ResizeCoordinates::kHalfPixel:
      return (x + 0.5) / scale - 0.5;
    case ResizeCoordinates::kPytorchHalfPixel:
      return to > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case ResizeCoordinates::kAlignCorners:
      return to > 1 ? x * (size - 1) / (to - 1) : 0;
    case ResizeCoordinates::kAsymmetric:
      return x / scale;
    case ResizeCoordinates::kHalfPixelSymmetric: {
      const double adjustment = to / (scale * size);
      return size / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    case ResizeCoordinates::kCropAndResize:
      break;
  }
  const double begin = resize.region[d];
  const double end = resize.region[d + resize.shape.size()];
  return to > 1 ? begin * (size - 1) + x * (end - begin) * (size - 1) / (to - 1) : 0.5 * (begin + end) * (size - 1);
}

double RoundTo(NearestRounding rounding, double x) {
  switch (rounding) {
    case NearestRounding::kFloor:
      return std::floor(x);
    case NearestRounding::kCeil:
      return std::ceil(x);
    case NearestRounding::kRoundPreferFloor:
      return std::ceil(x - 0.5);
    case NearestRounding::kRoundPreferCeil:
      break;
  }
  return std::floor(x + 0.5);
}

double CubicWeight(double a, double distance) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

// What one place of the result takes along one dimension: operand places and their shares.
struct Taps {
  std::vector<std::pair<uint64_t, double>> taps;
  bool outside = false;  // kCropAndResize: the place lies outside the operand.
};

Taps TapsOf(const ResizeAttributes& resize, size_t d, uint64_t at, uint64_t from) {
  const double source = SourceOf(resize, d, at, from);
  const double last = static_cast<double>(from) - 1;
  Taps taps;
  taps.outside = resize.coordinates == ResizeCoordinates::kCropAndResize && (source < 0 || source > last);
  auto clamp = [&](double x) { return static_cast<uint64_t>(std::clamp(x, 0.0, last)); };
  if (resize.kind == ResizeKind::kNearest) {
    taps.taps = {{clamp(RoundTo(resize.rounding, source)), 1}};
    return taps;
  }
  const double floor = std::floor(source);
  const double share = source - floor;
  const int reach = resize.kind == ResizeKind::kLinear ? 1 : 2;
  double total = 0;
  for (int k = 1 - reach; k <= reach; ++k) {
    double weight =
        resize.kind == ResizeKind::kLinear ? (k == 0 ? 1 - share : share) : CubicWeight(resize.cubic, share - k);
    const double place = floor + k;
    if (resize.exclude_outside && (place < 0 || place > last)) weight = 0;
    total += weight;
    taps.taps.emplace_back(clamp(place), weight);
  }
  if (resize.exclude_outside && total != 0) {
    for (auto& [place, weight] : taps.taps) weight /= total;
  }
  return taps;
}

// Resamples one dimension after another; values stay in double in between.
std::vector<double> ResizeDimension(const std::vector<double>& x, const Shape& shape, size_t d, uint64_t to,
                                    const std::vector<Taps>& taps) {
  const uint64_t inner = InnerCount(shape, d);
  const uint64_t outer = OuterCount(shape, d);
  std::vector<double> out(outer * to * inner, 0);
  for (uint64_t o = 0; o < outer; ++o) {
    for (uint64_t at = 0; at < to; ++at) {
      for (const auto& [place, weight] : taps[at].taps) {
        const double* from = x.data() + (o * shape[d] + place) * inner;
        double* target = out.data() + (o * to + at) * inner;
        if (taps[at].taps.size() == 1) {
          std::copy_n(from, inner, target);
        } else {
          for (uint64_t i = 0; i < inner; ++i) target[i] += weight * from[i];
        }
      }
    }
  }
  return out;
}

template <typename T>
void ResizeAs(const ResizeAttributes& resize, Operands operands, HostOutput output) {
  Shape shape = *operands[0].shape;
  std::vector<double> values;
  for (const T& value : ElementsOf<T>(operands[0].view))
    values.push_back(static_cast<double>(static_cast<Wide<T>>(value)));
  std::vector<std::vector<bool>> outside(shape.size());
  for (size_t d = 0; d < shape.size(); ++d) {
    std::vector<Taps> taps;
    for (uint64_t at = 0; at < resize.shape[d]; ++at) {
      taps.push_back(TapsOf(resize, d, at, shape[d]));
      outside[d].push_back(taps.back().outside);
    }
    const bool same =
        resize.shape[d] == shape[d] && resize.scales[d] == 1 && resize.coordinates != ResizeCoordinates::kCropAndResize;
    if (!same) values = ResizeDimension(values, shape, d, resize.shape[d], taps);
    shape[d] = resize.shape[d];
  }
  T* out = reinterpret_cast<T*>(output.bytes.data());
  Odometer at(shape);
  for (size_t i = 0; i < values.size(); ++i, at.Next()) {
    bool beyond = false;
    for (size_t d = 0; d < shape.size(); ++d) beyond = beyond || outside[d][at.index()[d]];
    const double value = beyond ? resize.extrapolation : values[i];
    if constexpr (kIsFloatStorage<T>) {
      out[i] = static_cast<T>(value);
    } else {
      const double least = static_cast<double>(std::numeric_limits<T>::min());
      const double most = static_cast<double>(std::numeric_limits<T>::max());
      out[i] = std::isnan(value) ? T{0} : static_cast<T>(std::clamp(std::trunc(value), least, most));
    }
  }
}

}  // namespace

void Resize(const ResizeAttributes& attributes, Operands operands, HostOutput output) {
  if (output.bytes.empty()) return;
  VisitType(output.type, [&]<typename T>(Tag<T>) { ResizeAs<T>(attributes, operands, output); });
}

}  // namespace plumb::reference
