// The IQ types: codes are indices into grids of magnitudes, with signs stored beside them.
#include "formats/gguf/block_functions.h"
#include "formats/gguf/iq_grid_list.h"

namespace plumb::gguf {
namespace {

// Magnitudes in the bytes of `grid`, the first in the lowest; bit j of `signs` makes element j negative.
template <int kCount, typename Grid>
inline void DecodeGrid(Grid grid, unsigned signs, float scale, float* out) {
  for (int j = 0; j < kCount; ++j) {
    out[j] = WithSignOf(scale * static_cast<float>(grid >> 8 * j & 255), signs >> j);
  }
}

// -1, 0 or 1 in the bytes of `grid`, moved by an eighth.
inline void DecodeTernary(uint64_t grid, float delta, float scale, float* out) {
  for (int j = 0; j < 8; ++j) out[j] = scale * (static_cast<float>(static_cast<int8_t>(grid >> 8 * j & 255)) + delta);
}

// Nibble `index` of a run of bytes, low one first.
inline int Nibble(const uint8_t* bytes, int index) { return bytes[index / 2] >> index % 2 * 4 & 15; }

inline float QuarterScale(float d, int scale) { return d * (0.5f + static_cast<float>(scale)) * 0.25f; }

constexpr float kDelta = 0.125f;

}  // namespace

void DecodeIq2Xxs(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 66, out += 256) {
    const float d = LoadHalf(in);
    for (int part = 0; part < 8; ++part) {
      const uint8_t* codes = in + 2 + part * 8;
      const uint32_t signs_and_scale = LoadU32(codes + 4);
      const float scale = QuarterScale(d, static_cast<int>(signs_and_scale >> 28));
      for (int l = 0; l < 4; ++l) {
        DecodeGrid<8>(kIq2xxsGrid[codes[l]], kSignsOf[signs_and_scale >> 7 * l & 127], scale, out + part * 32 + l * 8);
      }
    }
  }
}

void DecodeIq2Xs(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 74, out += 256) {
    const float d = LoadHalf(in);
    for (int group = 0; group < 32; ++group) {
      const uint16_t code = LoadU16(in + 2 + group * 2);
      const float scale = QuarterScale(d, Nibble(in + 66, group / 2));
      DecodeGrid<8>(kIq2xsGrid[code & 511], kSignsOf[code >> 9], scale, out + group * 8);
    }
  }
}

void DecodeIq2S(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 82, out += 256) {
    const float d = LoadHalf(in);
    const uint8_t *codes = in + 2, *signs = in + 34, *high = in + 66, *scales = in + 74;
    for (int group = 0; group < 32; ++group) {
      const int code = codes[group] | (high[group / 4] >> group % 4 * 2 & 3) << 8;
      DecodeGrid<8>(kIq2sGrid[code], signs[group], QuarterScale(d, Nibble(scales, group / 2)), out + group * 8);
    }
  }
}

void DecodeIq3Xxs(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 98, out += 256) {
    const float d = LoadHalf(in);
    for (int part = 0; part < 8; ++part) {
      const uint8_t* codes = in + 2 + part * 8;
      const uint32_t signs_and_scale = LoadU32(in + 66 + part * 4);
      const float scale = d * (0.5f + static_cast<float>(signs_and_scale >> 28)) * 0.5f;
      for (int l = 0; l < 4; ++l) {
        const unsigned signs = kSignsOf[signs_and_scale >> 7 * l & 127];
        float* to = out + part * 32 + l * 8;
        DecodeGrid<4>(kIq3xxsGrid[codes[2 * l]], signs, scale, to);
        DecodeGrid<4>(kIq3xxsGrid[codes[2 * l + 1]], signs >> 4, scale, to + 4);
      }
    }
  }
}

void DecodeIq3S(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 110, out += 256) {
    const float d = LoadHalf(in);
    const uint8_t *codes = in + 2, *high = in + 66, *signs = in + 74, *scales = in + 106;
    for (int quad = 0; quad < 64; ++quad) {
      const int code = codes[quad] | (high[quad / 8] >> quad % 8 & 1) << 8;
      const float scale = d * static_cast<float>(1 + 2 * Nibble(scales, quad / 8));
      DecodeGrid<4>(kIq3sGrid[code], signs[quad / 2] >> quad % 2 * 4, scale, out + quad * 4);
    }
  }
}

void DecodeIq1S(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 50, out += 256) {
    const float d = LoadHalf(in);
    for (int group = 0; group < 32; ++group) {
      const uint16_t high = LoadU16(in + 34 + group / 4 * 2);
      const int code = in[2 + group] | (high >> group % 4 * 3 & 7) << 8;
      const float scale = d * static_cast<float>(2 * (high >> 12 & 7) + 1);
      DecodeTernary(kIq1sGrid[code], (high & 0x8000) != 0 ? -kDelta : kDelta, scale, out + group * 8);
    }
  }
}

void DecodeIq1M(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 56, out += 256) {
    const uint8_t *high = in + 32, *scales = in + 48;
    uint16_t half = 0;  // The block's scale lies in the top nibbles of the four words of scales.
    for (int j = 0; j < 4; ++j) half = static_cast<uint16_t>(half | (LoadU16(scales + 2 * j) >> 12) << 4 * j);
    const float d = HalfToFloat(half);
    for (int group = 0; group < 32; ++group) {
      const int bits = Nibble(high, group);
      const int code = in[group] | (bits & 7) << 8;
      const int scale = LoadU16(scales + group / 8 * 2) >> group / 2 % 4 * 3 & 7;
      DecodeTernary(kIq1sGrid[code], (bits & 8) != 0 ? -kDelta : kDelta, d * static_cast<float>(2 * scale + 1),
                    out + group * 8);
    }
  }
}

void DecodeIq4Xs(const uint8_t* __restrict in, float* __restrict out, size_t count) {
  for (; count > 0; --count, in += 136, out += 256) {
    const float d = LoadHalf(in);
    const uint16_t high = LoadU16(in + 2);
    for (int part = 0; part < 8; ++part) {
      const int scale = Nibble(in + 4, part) | (high >> part * 2 & 3) << 4;
      const float dl = d * static_cast<float>(scale - 32);
      const uint8_t* packed = in + 8 + part * 16;
      float* to = out + part * 32;
      for (int j = 0; j < 16; ++j) to[j] = dl * static_cast<float>(kIq4Values[packed[j] & 15]);
      for (int j = 0; j < 16; ++j) to[j + 16] = dl * static_cast<float>(kIq4Values[packed[j] >> 4]);
    }
  }
}

}  // namespace plumb::gguf
