// One function for each block type: decodes `count` blocks at `in` to `out`, which do not overlap.
// Written as plain loops of fixed length for the compiler to vectorise.
#ifndef PLUMB_FORMATS_GGUF_BLOCK_FUNCTIONS_H_
#define PLUMB_FORMATS_GGUF_BLOCK_FUNCTIONS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plumb/weights/half.h"

namespace plumb::gguf {

using BlockFunction = void (*)(const uint8_t* in, float* out, size_t count);

// Little-endian numbers in a block.
inline uint16_t LoadU16(const uint8_t* at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }
inline uint32_t LoadU32(const uint8_t* at) {
  return at[0] | static_cast<uint32_t>(at[1]) << 8 | static_cast<uint32_t>(at[2]) << 16 |
         static_cast<uint32_t>(at[3]) << 24;
}
inline float LoadHalf(const uint8_t* at) { return HalfToFloat(LoadU16(at)); }

// `value`, negated when the lowest bit of `bit` is set; without a branch, for bits that nobody can predict.
inline float WithSignOf(float value, uint32_t bit) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) ^ bit << 31);
}

// The six-bit scales and minima of Q4_K and Q5_K, of which eight each lie in twelve bytes.
inline void UnpackScalesAndMinima(const uint8_t* packed, uint8_t scales[8], uint8_t minima[8]) {
  for (int j = 0; j < 4; ++j) {
    scales[j] = packed[j] & 63;
    minima[j] = packed[j + 4] & 63;
    scales[j + 4] = static_cast<uint8_t>((packed[j + 8] & 15) | (packed[j] >> 6 << 4));
    minima[j + 4] = static_cast<uint8_t>((packed[j + 8] >> 4) | (packed[j + 4] >> 6 << 4));
  }
}

void DecodeQ4_0(const uint8_t* in, float* out, size_t count);
void DecodeQ4_1(const uint8_t* in, float* out, size_t count);
void DecodeQ5_0(const uint8_t* in, float* out, size_t count);
void DecodeQ5_1(const uint8_t* in, float* out, size_t count);
void DecodeQ8_0(const uint8_t* in, float* out, size_t count);
void DecodeQ8_1(const uint8_t* in, float* out, size_t count);
void DecodeQ1_0(const uint8_t* in, float* out, size_t count);
void DecodeQ2_0(const uint8_t* in, float* out, size_t count);
void DecodeIq4Nl(const uint8_t* in, float* out, size_t count);
void DecodeMxfp4(const uint8_t* in, float* out, size_t count);
void DecodeNvfp4(const uint8_t* in, float* out, size_t count);

void DecodeQ2K(const uint8_t* in, float* out, size_t count);
void DecodeQ3K(const uint8_t* in, float* out, size_t count);
void DecodeQ4K(const uint8_t* in, float* out, size_t count);
void DecodeQ5K(const uint8_t* in, float* out, size_t count);
void DecodeQ6K(const uint8_t* in, float* out, size_t count);
void DecodeQ8K(const uint8_t* in, float* out, size_t count);
void DecodeTq1(const uint8_t* in, float* out, size_t count);
void DecodeTq2(const uint8_t* in, float* out, size_t count);

void DecodeIq2Xxs(const uint8_t* in, float* out, size_t count);
void DecodeIq2Xs(const uint8_t* in, float* out, size_t count);
void DecodeIq2S(const uint8_t* in, float* out, size_t count);
void DecodeIq3Xxs(const uint8_t* in, float* out, size_t count);
void DecodeIq3S(const uint8_t* in, float* out, size_t count);
void DecodeIq1S(const uint8_t* in, float* out, size_t count);
void DecodeIq1M(const uint8_t* in, float* out, size_t count);
void DecodeIq4Xs(const uint8_t* in, float* out, size_t count);

// The magnitudes that four bits stand for in IQ4_NL and IQ4_XS, and (doubled E2M1) in MXFP4 and NVFP4.
inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
inline constexpr int8_t kE2M1Doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// MXFP4's shared scale, halved because its values are doubled: 2^(code - 128).
float HalvedE8M0(uint8_t code);

}  // namespace plumb::gguf

#endif  // PLUMB_FORMATS_GGUF_BLOCK_FUNCTIONS_H_
