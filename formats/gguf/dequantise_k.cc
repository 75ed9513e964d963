// Types with blocks of 256 elements and scales of parts of it: the K types and the ternary ones.
#include <bit>

#include "formats/gguf/block_functions.h"

namespace plumb::gguf {
namespace {

// The sixteen six-bit scales of Q3_K: low nibbles in eight bytes, upper two bits in four; 32 stands for zero.
void UnpackQ3Scales(const uint8_t* packed, int scales[16]) {
  for (int j = 0; j < 16; ++j) {
    int low = packed[j % 8] >> (j / 8 * 4) & 15;
    int high = packed[8 + j % 4] >> (j / 4 * 2) & 3;
    scales[j] = (low | high << 4) - 32;
  }
}

}  // namespace

void DecodeQ2K(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 84, out += 256) {
    const float d = LoadHalf(in + 80), dmin = LoadHalf(in + 82);
    for (int run = 0; run < 8; ++run) {
      const uint8_t* packed = in + 16 + run / 4 * 32;
      for (int half = 0; half < 2; ++half) {
        const uint8_t scale = in[run * 2 + half];
        const float dl = d * static_cast<float>(scale & 15), ml = dmin * static_cast<float>(scale >> 4);
        float* to = out + run * 32 + half * 16;
        for (int l = 0; l < 16; ++l) {
          to[l] = dl * static_cast<float>(packed[half * 16 + l] >> run % 4 * 2 & 3) - ml;
        }
      }
    }
  }
}

void DecodeQ3K(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 110, out += 256) {
    const float d = LoadHalf(in + 108);
    int scales[16];
    UnpackQ3Scales(in + 96, scales);
    for (int run = 0; run < 8; ++run) {
      const uint8_t* packed = in + 32 + run / 4 * 32;
      for (int half = 0; half < 2; ++half) {
        const float dl = d * static_cast<float>(scales[run * 2 + half]);
        float* to = out + run * 32 + half * 16;
        for (int l = 0; l < 16; ++l) {
          const int at = half * 16 + l;
          const int low = packed[at] >> run % 4 * 2 & 3;
          to[l] = dl * static_cast<float>(low - ((in[at] >> run & 1) != 0 ? 0 : 4));
        }
      }
    }
  }
}

void DecodeQ4K(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 144, out += 256) {
    const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
    uint8_t scales[8], minima[8];
    UnpackScalesAndMinima(in + 4, scales, minima);
    for (int pair = 0; pair < 4; ++pair) {
      const uint8_t* packed = in + 16 + pair * 32;
      const float d1 = d * static_cast<float>(scales[pair * 2]), d2 = d * static_cast<float>(scales[pair * 2 + 1]);
      const float m1 = dmin * static_cast<float>(minima[pair * 2]);
      const float m2 = dmin * static_cast<float>(minima[pair * 2 + 1]);
      float* to = out + pair * 64;
      for (int l = 0; l < 32; ++l) to[l] = d1 * static_cast<float>(packed[l] & 15) - m1;
      for (int l = 0; l < 32; ++l) to[l + 32] = d2 * static_cast<float>(packed[l] >> 4) - m2;
    }
  }
}

void DecodeQ5K(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 176, out += 256) {
    const float d = LoadHalf(in), dmin = LoadHalf(in + 2);
    uint8_t scales[8], minima[8];
    UnpackScalesAndMinima(in + 4, scales, minima);
    const uint8_t* high = in + 16;
    for (int run = 0; run < 8; ++run) {
      const uint8_t* packed = in + 48 + run / 2 * 32;
      const float dl = d * static_cast<float>(scales[run]), ml = dmin * static_cast<float>(minima[run]);
      float* to = out + run * 32;
      for (int l = 0; l < 32; ++l) {
        const int q = (packed[l] >> run % 2 * 4 & 15) | (high[l] >> run & 1) << 4;
        to[l] = dl * static_cast<float>(q) - ml;
      }
    }
  }
}

void DecodeQ6K(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 210, out += 256) {
    const float d = LoadHalf(in + 208);
    for (int run = 0; run < 8; ++run) {
      const uint8_t* low = in + run / 4 * 64 + run % 2 * 32;
      const uint8_t* high = in + 128 + run / 4 * 32;
      const int low_shift = run % 4 / 2 * 4, high_shift = run % 4 * 2;
      for (int half = 0; half < 2; ++half) {
        const float dl = d * static_cast<float>(static_cast<int8_t>(in[192 + run * 2 + half]));
        float* to = out + run * 32 + half * 16;
        for (int l = 0; l < 16; ++l) {
          const int at = half * 16 + l;
          const int q = (low[at] >> low_shift & 15) | (high[at] >> high_shift & 3) << 4;
          to[l] = dl * static_cast<float>(q - 32);
        }
      }
    }
  }
}

void DecodeQ8K(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 292, out += 256) {
    const float d = std::bit_cast<float>(LoadU32(in));  // Sums for dot products follow the elements.
    for (int l = 0; l < 256; ++l) out[l] = d * static_cast<float>(static_cast<int8_t>(in[4 + l]));
  }
}

void DecodeTq1(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  static constexpr uint8_t kPowers[5] = {1, 3, 9, 27, 81};
  // A byte is a fraction of 243 in base 3: times a power of three, the integer part of three times it is a digit.
  auto digit = [](uint8_t byte, int n) {
    const uint8_t shifted = static_cast<uint8_t>(byte * kPowers[n]);
    return static_cast<float>((shifted * 3 >> 8) - 1);
  };
  for (; count > 0; --count, in += 54, out += 256) {
    const float d = LoadHalf(in + 52);
    for (int n = 0; n < 5; ++n) {
      for (int m = 0; m < 32; ++m) out[n * 32 + m] = d * digit(in[m], n);
      for (int m = 0; m < 16; ++m) out[160 + n * 16 + m] = d * digit(in[32 + m], n);
    }
    for (int n = 0; n < 4; ++n) {
      for (int m = 0; m < 4; ++m) out[240 + n * 4 + m] = d * digit(in[48 + m], n);
    }
  }
}

void DecodeTq2(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 66, out += 256) {
    const float d = LoadHalf(in + 64);
    for (int run = 0; run < 8; ++run) {
      const uint8_t* packed = in + run / 4 * 32;
      for (int l = 0; l < 32; ++l) out[run * 32 + l] = d * static_cast<float>((packed[l] >> run % 4 * 2 & 3) - 1);
    }
  }
}

}  // namespace plumb::gguf
