// Q4_K: each 32 elements are a line, scale * code - minimum, whose two numbers are stored in six bits of the block's.
//
// The line of each 32 elements is searched among scales near the one that spans their range: codes are rounded for a
// candidate, then scale and minimum are fitted to these codes by least squares, weighted towards large magnitudes.
// This is not the reference's search, so that the bytes differ from its.
#include <algorithm>
#include <array>
#include <cmath>

#include "formats/gguf/block_functions.h"
#include "formats/gguf/quantise_functions.h"

namespace plumb::gguf {
namespace {

constexpr int kPart = 32;
constexpr int kParts = 8;
constexpr int kCodeMax = 15;
constexpr int kCandidates = 20;

// value = scale * code - minimum, with neither below zero.
struct Line {
  float scale = 0;
  float minimum = 0;
};

// Sums are kept in as many lanes, so that the compiler can use vectors without reordering them.
constexpr int kLanes = 8;
using Lanes = std::array<float, kLanes>;

float Total(const Lanes& lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// A value that is not negative, rounded; 0 for NaN.
int Nearest(float value, int code_max) {
  return value > 0 ? static_cast<int>(std::min(value + 0.5f, static_cast<float>(code_max))) : 0;
}

// Codes are whole numbers in floats until they are packed.
using Codes = std::array<float, kPart>;

void Encode(const float* values, Line line, Codes& codes) {
  const float inverse = line.scale > 0 ? 1 / line.scale : 0;
  for (int i = 0; i < kPart; ++i) {
    const float shifted = std::max(0.0f, (values[i] + line.minimum) * inverse) + 0.5f;
    codes[i] = static_cast<float>(static_cast<int>(std::min(shifted, static_cast<float>(kCodeMax))));
  }
}

float Error(const float* values, const float* weights, Line line, const Codes& codes) {
  Lanes sums{};
  for (int at = 0; at < kPart; at += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const int i = at + lane;
      const float difference = line.scale * codes[i] - line.minimum - values[i];
      sums[lane] += weights[i] * difference * difference;
    }
  }
  return Total(sums);
}

// The line that fits fixed codes best.
Line Fit(const float* values, const float* weights, const Codes& codes) {
  Lanes w{}, wq{}, wqq{}, wx{}, wqx{};
  for (int at = 0; at < kPart; at += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const int i = at + lane;
      const float q = codes[i], weighted = weights[i] * q;
      w[lane] += weights[i];
      wq[lane] += weighted;
      wqq[lane] += weighted * q;
      wx[lane] += weights[i] * values[i];
      wqx[lane] += weighted * values[i];
    }
  }
  const float s = Total(w), sq = Total(wq), sqq = Total(wqq), sx = Total(wx), sqx = Total(wqx);
  const float determinant = s * sqq - sq * sq;
  if (determinant <= 0) return {};
  Line line{(s * sqx - sq * sx) / determinant, (sq * sqx - sqq * sx) / determinant};
  if (line.minimum < 0) line = {sqx / sqq, 0};
  line.scale = std::max(line.scale, 0.0f);
  return line;
}

Line Search(const float* values) {
  const auto [least, largest] = std::minmax_element(values, values + kPart);
  const float minimum = std::max(0.0f, -*least), span = std::max(0.0f, *largest) + minimum;
  if (span <= 0) return {};
  float squares = 0;
  for (int i = 0; i < kPart; ++i) squares += values[i] * values[i];
  const float mean = std::sqrt(squares / kPart);
  float weights[kPart];
  for (int i = 0; i < kPart; ++i) weights[i] = mean + std::fabs(values[i]);
  Line best{span / kCodeMax, minimum};
  Codes codes;
  Encode(values, best, codes);
  float best_error = Error(values, weights, best, codes);
  for (int candidate = 0; candidate <= kCandidates; ++candidate) {
    const float steps = static_cast<float>(kCodeMax) - 1 + 0.1f * static_cast<float>(candidate);
    Encode(values, {span / steps, minimum}, codes);
    const Line line = Fit(values, weights, codes);
    const float error = Error(values, weights, line, codes);
    if (line.scale > 0 && error < best_error) {
      best = line;
      best_error = error;
    }
  }
  return best;
}

// The inverse of UnpackScalesAndMinima.
void PackScalesAndMinima(const int* scales, const int* minima, uint8_t* out) {
  for (int j = 0; j < 4; ++j) {
    out[j] = static_cast<uint8_t>(scales[j] | scales[j + 4] >> 4 << 6);
    out[j + 4] = static_cast<uint8_t>(minima[j] | minima[j + 4] >> 4 << 6);
    out[j + 8] = static_cast<uint8_t>((scales[j + 4] & 15) | (minima[j + 4] & 15) << 4);
  }
}

}  // namespace

void EncodeQ4K(const float* values, uint8_t* out) {
  Line lines[kParts];
  float scale_max = 0, minimum_max = 0;
  for (int part = 0; part < kParts; ++part) {
    lines[part] = Search(values + part * kPart);
    scale_max = std::max(scale_max, lines[part].scale);
    minimum_max = std::max(minimum_max, lines[part].minimum);
  }
  StoreHalf(scale_max / 63, out);
  StoreHalf(minimum_max / 63, out + 2);
  const float d = LoadHalf(out), dmin = LoadHalf(out + 2);
  int scales[kParts], minima[kParts];
  for (int part = 0; part < kParts; ++part) {
    scales[part] = d > 0 ? Nearest(lines[part].scale / d, 63) : 0;
    minima[part] = dmin > 0 ? Nearest(lines[part].minimum / dmin, 63) : 0;
  }
  PackScalesAndMinima(scales, minima, out + 4);
  for (int pair = 0; pair < kParts / 2; ++pair) {
    Codes codes[2];
    for (int half = 0; half < 2; ++half) {
      const int part = pair * 2 + half;
      // Rounded again for the line that readers will see.
      Encode(values + part * kPart, {d * static_cast<float>(scales[part]), dmin * static_cast<float>(minima[part])},
             codes[half]);
    }
    for (int i = 0; i < kPart; ++i) {
      out[16 + pair * kPart + i] =
          static_cast<uint8_t>(static_cast<int>(codes[0][i]) | static_cast<int>(codes[1][i]) << 4);
    }
  }
}

}  // namespace plumb::gguf
