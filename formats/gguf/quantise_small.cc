// Encoders that equal the reference's bit for bit: each float32 operation is the one that it does, in its order.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "formats/gguf/block_functions.h"
#include "formats/gguf/quantise_functions.h"

namespace plumb::gguf {
namespace {

constexpr int kBlock = 32;

float LargestMagnitude(const float* values, int count) {
  float largest = 0;
  for (int i = 0; i < count; ++i) largest = std::max(largest, std::fabs(values[i]));
  return largest;
}

// The value, with its sign, whose magnitude is largest; the first of several.
float Extreme(const float* values) {
  float extreme = values[0];
  for (int i = 1; i < kBlock; ++i) {
    if (std::fabs(values[i]) > std::fabs(extreme)) extreme = values[i];
  }
  return extreme;
}

// 0 also for a scale so small that its inverse is infinite: as a half it is 0 anyway.
float InverseOrZero(float scale) {
  const float inverse = 1 / scale;
  return std::isfinite(inverse) ? inverse : 0;
}

// To the nearest whole number, halves away from zero, for magnitudes below 2^22. Unlike std::round it is no call where
// the processor has no instruction for it.
int Nearest(float value) {
  const float magnitude = std::fabs(value);
  const int whole = static_cast<int>(magnitude);
  const int rounded = whole + static_cast<int>(2 * (magnitude - static_cast<float>(whole)));
  return value < 0 ? -rounded : rounded;
}

// `scaled` cut off towards zero, at most `code_max`. 0 for NaN, which values near the end of float32's range make.
uint8_t Code(float scaled, int code_max) {
  return scaled > 0 ? static_cast<uint8_t>(std::min(scaled, static_cast<float>(code_max))) : uint8_t{0};
}

// Codes of element j in the low and of j + 16 in the high nibble of byte j.
void PackHalves(const uint8_t* codes, uint8_t* out) {
  for (int j = 0; j < 16; ++j) out[j] = static_cast<uint8_t>((codes[j] & 15) | codes[j + 16] << 4);
}

void PackFifthBits(const uint8_t* codes, uint8_t* out) {
  std::memset(out, 0, 4);
  for (int j = 0; j < kBlock; ++j) out[j / 8] = static_cast<uint8_t>(out[j / 8] | codes[j] >> 4 << j % 8);
}

// Codes about a middle: the extreme value becomes code 0, whatever its sign.
float EncodeSymmetric(const float* values, int middle, uint8_t* codes) {
  const float d = Extreme(values) / static_cast<float>(-middle);
  const float inverse = InverseOrZero(d);
  const float offset = static_cast<float>(middle) + 0.5f;
  for (int j = 0; j < kBlock; ++j) codes[j] = Code(values[j] * inverse + offset, 2 * middle - 1);
  return d;
}

struct Line {
  float scale;
  float minimum;
};

// Codes from the least value on.
Line EncodeFromMinimum(const float* values, int code_max, uint8_t* codes) {
  const auto [least, largest] = std::minmax_element(values, values + kBlock);
  const float minimum = *least;
  const float d = (*largest - minimum) / static_cast<float>(code_max);
  const float inverse = InverseOrZero(d);
  for (int j = 0; j < kBlock; ++j) codes[j] = Code((values[j] - minimum) * inverse + 0.5f, code_max);
  return {d, minimum};
}

// -1, 0 and 1 as 0, 1 and 2.
float EncodeTernary(const float* values, uint8_t* codes) {
  const float d = LargestMagnitude(values, 256);
  const float inverse = InverseOrZero(d);
  for (int j = 0; j < 256; ++j) codes[j] = static_cast<uint8_t>(Nearest(values[j] * inverse) + 1);
  return d;
}

// Five ternary digits, the first the most significant, as a fraction of 243 in a byte, rounded up.
uint8_t PackDigits(const uint8_t* codes, int stride, int digits) {
  static constexpr int kPowers[5] = {81, 27, 9, 3, 1};
  int sum = 0;
  for (int n = 0; n < digits; ++n) sum += codes[n * stride] * kPowers[n];
  return static_cast<uint8_t>((sum * 256 + 242) / 243);
}

}  // namespace

void EncodeQ4_0(const float* values, uint8_t* out) {
  uint8_t codes[kBlock];
  StoreHalf(EncodeSymmetric(values, 8, codes), out);
  PackHalves(codes, out + 2);
}

void EncodeQ4_1(const float* values, uint8_t* out) {
  uint8_t codes[kBlock];
  const Line line = EncodeFromMinimum(values, 15, codes);
  StoreHalf(line.scale, out);
  StoreHalf(line.minimum, out + 2);
  PackHalves(codes, out + 4);
}

void EncodeQ5_0(const float* values, uint8_t* out) {
  uint8_t codes[kBlock];
  StoreHalf(EncodeSymmetric(values, 16, codes), out);
  PackFifthBits(codes, out + 2);
  PackHalves(codes, out + 6);
}

void EncodeQ5_1(const float* values, uint8_t* out) {
  uint8_t codes[kBlock];
  const Line line = EncodeFromMinimum(values, 31, codes);
  StoreHalf(line.scale, out);
  StoreHalf(line.minimum, out + 2);
  PackFifthBits(codes, out + 4);
  PackHalves(codes, out + 8);
}

void EncodeQ8_0(const float* values, uint8_t* out) {
  const float d = LargestMagnitude(values, kBlock) / 127;
  const float inverse = InverseOrZero(d);
  StoreHalf(d, out);
  for (int j = 0; j < kBlock; ++j) {
    out[2 + j] = static_cast<uint8_t>(Nearest(values[j] * inverse));
  }
}

void EncodeMxfp4(const float* values, uint8_t* out) {
  const float largest = LargestMagnitude(values, kBlock);
  const float exponent = largest > 0 ? std::floor(std::log2(largest)) - 2 + 127 : 0;
  out[0] = static_cast<uint8_t>(std::clamp(exponent, 0.0f, 254.0f));
  const float d = HalvedE8M0(out[0]);
  uint8_t codes[kBlock];
  for (int j = 0; j < kBlock; ++j) {
    float best = std::fabs(d * static_cast<float>(kE2M1Doubled[0]) - values[j]);
    codes[j] = 0;
    for (uint8_t code = 1; code < 16; ++code) {
      const float error = std::fabs(d * static_cast<float>(kE2M1Doubled[code]) - values[j]);
      if (error < best) {
        best = error;
        codes[j] = code;
      }
    }
  }
  PackHalves(codes, out + 1);
}

void EncodeTq1(const float* values, uint8_t* out) {
  uint8_t codes[256];
  StoreHalf(EncodeTernary(values, codes), out + 52);
  for (int m = 0; m < 32; ++m) out[m] = PackDigits(codes + m, 32, 5);
  for (int m = 0; m < 16; ++m) out[32 + m] = PackDigits(codes + 160 + m, 16, 5);
  for (int m = 0; m < 4; ++m) out[48 + m] = PackDigits(codes + 240 + m, 4, 4);
}

void EncodeTq2(const float* values, uint8_t* out) {
  uint8_t codes[256];
  StoreHalf(EncodeTernary(values, codes), out + 64);
  for (int m = 0; m < 64; ++m) {
    const uint8_t* first = codes + m / 32 * 128 + m % 32;
    out[m] = static_cast<uint8_t>(first[0] | first[32] << 2 | first[64] << 4 | first[96] << 6);
  }
}

}  // namespace plumb::gguf
