// Rounding to bfloat16, as bits.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_BFLOAT16_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_BFLOAT16_H_

#include <bit>
#include <cstdint>

namespace plumb {

// The nearest bfloat16, halves to even; NaN stays NaN, and what is too large becomes infinite.
inline uint16_t ToBFloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  const uint32_t quiet = (bits >> 16) | 0x40;
  return static_cast<uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

inline void RoundToBFloat16(const float* from, uint64_t count, uint16_t* to) {
  for (uint64_t i = 0; i < count; ++i) to[i] = ToBFloat16(from[i]);
}

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_BFLOAT16_H_
