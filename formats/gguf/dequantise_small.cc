// Types with blocks of 32 to 128 elements and one scale, or one for each 16 elements.
#include <array>
#include <bit>
#include <cmath>

#include "formats/gguf/block_functions.h"

namespace plumb::gguf {
namespace {

// In most types byte j of 16 holds elements j (low nibble) and j + 16.
template <typename Convert>
inline void DecodeHalves(const uint8_t* __restrict packed, float* __restrict out, Convert convert) {
  for (int j = 0; j < 16; ++j) out[j] = convert(packed[j] & 15, j);
  for (int j = 0; j < 16; ++j) out[j + 16] = convert(packed[j] >> 4, j + 16);
}

// Bit j of `high` as bit 4 of element j.
inline int FifthBit(uint32_t high, int j) { return static_cast<int>(high >> j & 1) << 4; }

// Unsigned E4M3, halved because the values are doubled; the code of NaN means zero, as in the reference.
std::array<float, 256> HalvedUe4M3Table() {
  std::array<float, 256> table{};
  for (int code = 0; code < 256; ++code) {
    const int exponent = code >> 3 & 15, mantissa = code & 7;
    float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -10)
                                : std::ldexp(static_cast<float>(8 + mantissa), exponent - 11);
    table[static_cast<size_t>(code)] = code == 0x7f ? 0.0f : value;
  }
  return table;
}

}  // namespace

float HalvedE8M0(uint8_t code) {
  return std::bit_cast<float>(code < 2 ? 0x00200000u << code : static_cast<uint32_t>(code - 1) << 23);
}

void DecodeQ4_0(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 18, out += 32) {
    const float d = LoadHalf(in);
    DecodeHalves(in + 2, out, [d](int q, int) { return d * static_cast<float>(q - 8); });
  }
}

void DecodeQ4_1(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 20, out += 32) {
    const float d = LoadHalf(in), m = LoadHalf(in + 2);
    DecodeHalves(in + 4, out, [d, m](int q, int) { return d * static_cast<float>(q) + m; });
  }
}

void DecodeQ5_0(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 22, out += 32) {
    const float d = LoadHalf(in);
    const uint32_t high = LoadU32(in + 2);
    DecodeHalves(in + 6, out, [d, high](int q, int j) { return d * static_cast<float>((q | FifthBit(high, j)) - 16); });
  }
}

void DecodeQ5_1(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 24, out += 32) {
    const float d = LoadHalf(in), m = LoadHalf(in + 2);
    const uint32_t high = LoadU32(in + 4);
    DecodeHalves(in + 8, out, [d, m, high](int q, int j) { return d * static_cast<float>(q | FifthBit(high, j)) + m; });
  }
}

void DecodeQ8_0(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 34, out += 32) {
    const float d = LoadHalf(in);
    for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(static_cast<int8_t>(in[2 + j]));
  }
}

void DecodeQ8_1(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 36, out += 32) {
    const float d = LoadHalf(in);  // The half that follows is a sum for dot products.
    for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(static_cast<int8_t>(in[4 + j]));
  }
}

void DecodeQ1_0(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 18, out += 128) {
    const float d = LoadHalf(in);
    for (int byte = 0; byte < 16; ++byte) {
      const uint32_t negative = ~uint32_t{in[2 + byte]};
      for (int bit = 0; bit < 8; ++bit) out[byte * 8 + bit] = WithSignOf(d, negative >> bit);
    }
  }
}

void DecodeQ2_0(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 18, out += 64) {
    const float d = LoadHalf(in);
    for (int j = 0; j < 64; ++j) out[j] = d * static_cast<float>((in[2 + j / 4] >> j % 4 * 2 & 3) - 1);
  }
}

void DecodeIq4Nl(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 18, out += 32) {
    const float d = LoadHalf(in);
    DecodeHalves(in + 2, out, [d](int q, int) { return d * static_cast<float>(kIq4Values[q]); });
  }
}

void DecodeMxfp4(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 17, out += 32) {
    const float d = HalvedE8M0(in[0]);
    DecodeHalves(in + 1, out, [d](int q, int) { return d * static_cast<float>(kE2M1Doubled[q]); });
  }
}

void DecodeNvfp4(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  static const std::array<float, 256> kScales = HalvedUe4M3Table();
  for (; count > 0; --count, in += 36, out += 64) {
    for (int part = 0; part < 4; ++part) {
      const float d = kScales[in[part]];
      const uint8_t* packed = in + 4 + part * 8;
      for (int j = 0; j < 8; ++j) {
        out[part * 16 + j] = d * static_cast<float>(kE2M1Doubled[packed[j] & 15]);
        out[part * 16 + j + 8] = d * static_cast<float>(kE2M1Doubled[packed[j] >> 4]);
      }
    }
  }
}

}  // namespace plumb::gguf
