// What a block of values is like, read straight from the bytes of a file: one kernel for each instruction set, the same
// figures to the last bit from all of them.
//
// Sums run in 16 lanes of doubles: value i of a block belongs to lane i mod 16, every lane adds in the order of the
// block, and the lanes are added from the first to the last. Products and sums are rounded one by one (never fused).
#ifndef PLUMB_FORMATS_WEIGHTS_VALUE_SURVEY_H_
#define PLUMB_FORMATS_WEIGHTS_VALUE_SURVEY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plumb/weights/dtype.h"

namespace plumb::survey {

inline constexpr size_t kLanes = 16;
// Values of one block, at most.
inline constexpr size_t kBlockElements = 4096;

// Sums and extremes of values that are all finite.
struct Moments {
  double min = 0;
  double max = 0;
  double sum = 0;      // Of the distances from the block's first value.
  double squares = 0;  // Of those distances; not finite when a value is not (or a distance of doubles is too large).
  uint64_t zeros = 0;  // Of either sign. Always right, as are no other figures when `squares` is not finite.
};

// Reads `count` little-endian values at `bytes`. REQUIRES: 1 <= count.
using Survey = Moments (*)(const uint8_t* bytes, size_t count);

// One instruction set's way to read each type.
struct Kernel {
  std::string_view name;
  Survey bf16;
  Survey f16;
  Survey f32;
  Survey f64;
};

// The kernels that this processor can run, the slowest first, which is the portable one.
std::span<const Kernel> Kernels();
inline const Kernel& BestKernel() { return Kernels().back(); }

// Any block of values.
struct BlockFigures {
  uint64_t finite = 0;
  uint64_t zeros = 0;
  uint64_t nans = 0;
  uint64_t infinities = 0;
  // Of the finite values, 0 when there are none. A zero has no sign.
  double min = 0;
  double max = 0;
  double mean = 0;
  double squares = 0;  // Of the distances from the mean, added up.
};

// True for F16, BF16, F32 and F64.
bool IsSurveyed(DType dtype);

// Looks over `bytes`, whole little-endian elements of a type that is surveyed.
// REQUIRES: 1 to kBlockElements elements.
BlockFigures SurveyBlock(const Kernel& kernel, DType dtype, std::span<const uint8_t> bytes);

extern const Kernel kPortable;
#if defined(__x86_64__)
// REQUIRES, each: the processor has the instructions (AVX2 with F16C; AVX-512F).
extern const Kernel kAvx2;
extern const Kernel kAvx512;
#endif

}  // namespace plumb::survey

#endif  // PLUMB_FORMATS_WEIGHTS_VALUE_SURVEY_H_
