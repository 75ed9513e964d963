#include "formats/weights/value_survey.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "plumb/weights/half.h"

namespace plumb::survey {
namespace {

std::vector<Kernel> FindKernels() {
  std::vector<Kernel> kernels = {kPortable};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) kernels.push_back(kAvx2);
  if (__builtin_cpu_supports("avx512f")) kernels.push_back(kAvx512);
#endif
  return kernels;
}

Survey SurveyFor(const Kernel& kernel, DType dtype) {
  switch (dtype) {
    case DType::kBF16:
      return kernel.bf16;
    case DType::kF16:
      return kernel.f16;
    case DType::kF32:
      return kernel.f32;
    case DType::kF64:
      return kernel.f64;
    default:
      return nullptr;
  }
}

double ValueAt(DType dtype, const uint8_t* bytes) {
  if (dtype == DType::kF64) {
    double value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  if (dtype == DType::kF32) {
    float value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return dtype == DType::kF16 ? HalfToFloat(bits) : BFloat16ToFloat(bits);
}

void AddMoments(const Moments& moments, double first, uint64_t count, BlockFigures* figures) {
  figures->finite = count;
  // Adding 0 takes the sign from a zero.
  figures->min = moments.min + 0.0;
  figures->max = moments.max + 0.0;
  const double shift = moments.sum / static_cast<double>(count);
  figures->mean = first + shift;
  // Doubles can lie too far apart for their squares.
  figures->squares = std::isfinite(moments.squares) ? std::max(0.0, moments.squares - shift * moments.sum)
                                                    : std::numeric_limits<double>::infinity();
}

// Of a block in which not every value is finite: those that are, closed up.
BlockFigures SurveyRest(const Kernel& kernel, DType dtype, std::span<const uint8_t> bytes, uint64_t zeros) {
  const size_t unit = BlockOf(dtype).bytes;
  BlockFigures figures{.zeros = zeros};
  std::array<double, kBlockElements> finite;
  size_t count = 0;
  for (size_t at = 0; at < bytes.size(); at += unit) {
    const double value = ValueAt(dtype, bytes.data() + at);
    figures.nans += std::isnan(value) ? 1 : 0;
    figures.infinities += std::isinf(value) ? 1 : 0;
    if (std::isfinite(value)) finite[count++] = value;
  }
  if (count == 0) return figures;
  AddMoments(kernel.f64(reinterpret_cast<const uint8_t*>(finite.data()), count), finite[0], count, &figures);
  return figures;
}

}  // namespace

std::span<const Kernel> Kernels() {
  static const std::vector<Kernel>& kernels = *new std::vector<Kernel>(FindKernels());
  return kernels;
}

bool IsSurveyed(DType dtype) { return SurveyFor(kPortable, dtype) != nullptr; }

BlockFigures SurveyBlock(const Kernel& kernel, DType dtype, std::span<const uint8_t> bytes) {
  const size_t count = bytes.size() / BlockOf(dtype).bytes;
  const Moments moments = SurveyFor(kernel, dtype)(bytes.data(), count);
  if (!std::isfinite(moments.squares)) return SurveyRest(kernel, dtype, bytes, moments.zeros);
  BlockFigures figures{.zeros = moments.zeros};
  AddMoments(moments, ValueAt(dtype, bytes.data()), count, &figures);
  return figures;
}

}  // namespace plumb::survey
