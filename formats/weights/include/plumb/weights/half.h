// The 16-bit floats: IEEE 754 binary16 and bfloat16.
#ifndef PLUMB_WEIGHTS_HALF_H_
#define PLUMB_WEIGHTS_HALF_H_

#include <bit>
#include <cstdint>

namespace plumb {

// Without a table or a subnormal float on the way, so that it is right under flush-to-zero as well. NaNs keep their
// payload.
inline float HalfToFloat(uint16_t half) {
  constexpr uint32_t kExponent = 0x7c00u << 13;
  constexpr uint32_t kSmallestNormal = (127u - 14u) << 23;
  const uint32_t bits = static_cast<uint32_t>(half & 0x7fff) << 13;
  const uint32_t exponent = bits & kExponent;
  // All three results are made and one is chosen, which compilers turn into vector code.
  const uint32_t normal = bits + ((127u - 15u) << 23);
  const uint32_t special = bits | 0x7f800000u;
  const uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(bits + kSmallestNormal) - std::bit_cast<float>(kSmallestNormal));
  const uint32_t magnitude = exponent == kExponent ? special : exponent == 0 ? subnormal : normal;
  return std::bit_cast<float>(magnitude | static_cast<uint32_t>(half & 0x8000) << 16);
}

// Rounds to nearest, ties to even. NaNs keep the upper ten bits of their payload, and stay NaNs.
inline uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    uint16_t payload = static_cast<uint16_t>(magnitude >> 13 & 0x3ff);
    return static_cast<uint16_t>(sign | 0x7c00 | (payload != 0 ? payload : 1));
  }
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // 65520 rounds up to infinity.
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 leaves the half's ulp, 2^-24, as the last bit of the sum, rounded by the hardware.
    float sum = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - std::bit_cast<uint32_t>(0.5f)));
  }
  uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

inline float BFloat16ToFloat(uint16_t value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); }

// Rounds to nearest, ties to even. NaNs become quiet.
inline uint16_t FloatToBFloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 64);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_HALF_H_
