// Q4_K: each 32 elements are a line, scale * code - minimum, whose two numbers are stored in six bits of the block's.
//
// The line of each 32 elements is searched among scales near the one that spans their range: codes are rounded for a
// candidate, then scale and minimum are fitted to these codes by least squares, weighted towards large magnitudes.
// This is not the reference's search, so that the bytes differ from its.
//
// The eight parts of a block are searched at once, one in each lane of a vector, so that sums need no lane but their
// own. Every operation is rounded alike with and without AVX2.
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

// A number of each part. Passed by reference only: how they are passed by value depends on the instruction set.
using Lanes = float __attribute__((vector_size(sizeof(float) * kParts)));
using LaneCodes = int32_t __attribute__((vector_size(sizeof(int32_t) * kParts)));

#define PLUMB_WITHIN_SEARCH __attribute__((always_inline)) inline

// value = scale * code - minimum, with neither below zero.
struct Lines {
  Lanes scale{};
  Lanes minimum{};
};

// The elements of a block, weights, and what both say whatever the codes.
struct Parts {
  Lanes values[kPart];   // Element i of every part.
  Lanes shifted[kPart];  // Above the part's minimum.
  Lanes weights[kPart];
  Lanes span;     // From the least element, or 0, to the largest.
  Lanes minimum;  // Of the line that spans it.
  Lanes w{}, wx{}, wxx{};
};

PLUMB_WITHIN_SEARCH void Arrange(const float* values, Parts* parts) {
  Lanes least{}, largest{}, squares{};
  for (int i = 0; i < kPart; ++i) {
    Lanes& x = parts->values[i];
    for (int part = 0; part < kParts; ++part) x[part] = values[part * kPart + i];
    least = x < least ? x : least;
    largest = x > largest ? x : largest;
    squares += x * x;
  }
  parts->minimum = -least;
  parts->span = largest - least;
  Lanes mean{};
  for (int part = 0; part < kParts; ++part) mean[part] = std::sqrt(squares[part] / kPart);
  for (int i = 0; i < kPart; ++i) {
    const Lanes& x = parts->values[i];
    parts->shifted[i] = x + parts->minimum;
    const Lanes weighted = (parts->weights[i] = mean + (x < 0 ? -x : x)) * x;
    parts->w += parts->weights[i];
    parts->wx += weighted;
    parts->wxx += weighted * x;
  }
}

// One candidate: codes for this many steps over the span, the lines that fit them best, and the lines' error. Lines
// that are better than `best` replace it, with their errors.
PLUMB_WITHIN_SEARCH void TryCandidate(const Parts& parts, float steps, Lines* best, Lanes* best_error) {
  const Lanes inverse = steps / parts.span;
  Lanes wq{}, wqq{}, wqx{};
  for (int i = 0; i < kPart; ++i) {
    const Lanes scaled = parts.shifted[i] * inverse + 0.5f;
    const Lanes bounded = scaled < kCodeMax + 0.5f ? scaled : Lanes{} + (kCodeMax + 0.5f);
    // Codes are whole numbers in floats until they are packed.
    const Lanes q = __builtin_convertvector(__builtin_convertvector(bounded, LaneCodes), Lanes);
    const Lanes weighted = parts.weights[i] * q;
    wq += weighted;
    wqq += weighted * q;
    wqx += weighted * parts.values[i];
  }
  const Lanes determinant = parts.w * wqq - wq * wq;
  Lines line{(parts.w * wqx - wq * parts.wx) / determinant, (wq * wqx - wqq * parts.wx) / determinant};
  const auto below = line.minimum < 0;
  line.scale = below ? wqx / wqq : line.scale;
  line.minimum = below ? Lanes{} : line.minimum;
  // The weighted squares of scale * q - minimum - x, by their sums.
  const Lanes& s = line.scale;
  const Lanes& m = line.minimum;
  const Lanes error = parts.wxx + s * s * wqq + m * m * parts.w - 2.0f * (s * m * wq + s * wqx - m * parts.wx);
  // False for whatever is no number.
  const auto better = (determinant > 0) & (s > 0) & (error < *best_error);
  best->scale = better ? s : best->scale;
  best->minimum = better ? m : best->minimum;
  *best_error = better ? error : *best_error;
}

PLUMB_WITHIN_SEARCH void SearchLoop(const float* values, Lines* best) {
  Parts parts;
  Arrange(values, &parts);
  *best = {parts.span / kCodeMax, parts.minimum};
  Lanes best_error = Lanes{} + INFINITY;
  for (int candidate = 0; candidate <= kCandidates; ++candidate) {
    TryCandidate(parts, static_cast<float>(kCodeMax) - 1 + 0.1f * static_cast<float>(candidate), best, &best_error);
  }
}

void SearchPortable(const float* values, Lines* best) { SearchLoop(values, best); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) void SearchAvx2(const float* values, Lines* best) { SearchLoop(values, best); }
#endif

using Search = void (*)(const float* values, Lines* best);

Search BestSearch() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return SearchAvx2;
#endif
  return SearchPortable;
}

// A value that is not negative, rounded; 0 for NaN.
int Nearest(float value, int code_max) {
  return value > 0 ? static_cast<int>(std::min(value + 0.5f, static_cast<float>(code_max))) : 0;
}

void Encode(const float* values, float scale, float minimum, std::array<uint8_t, kPart>& codes) {
  const float inverse = scale > 0 ? 1 / scale : 0;
  for (int i = 0; i < kPart; ++i) {
    const float shifted = std::max(0.0f, (values[i] + minimum) * inverse) + 0.5f;
    codes[i] = static_cast<uint8_t>(static_cast<int>(std::min(shifted, static_cast<float>(kCodeMax))));
  }
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
  static const Search kSearch = BestSearch();
  Lines lines;
  kSearch(values, &lines);
  float scale_max = 0, minimum_max = 0;
  for (int part = 0; part < kParts; ++part) {
    scale_max = std::max(scale_max, lines.scale[part]);
    minimum_max = std::max(minimum_max, lines.minimum[part]);
  }
  StoreHalf(scale_max / 63, out);
  StoreHalf(minimum_max / 63, out + 2);
  const float d = LoadHalf(out), dmin = LoadHalf(out + 2);
  int scales[kParts], minima[kParts];
  for (int part = 0; part < kParts; ++part) {
    scales[part] = d > 0 ? Nearest(lines.scale[part] / d, 63) : 0;
    minima[part] = dmin > 0 ? Nearest(lines.minimum[part] / dmin, 63) : 0;
  }
  PackScalesAndMinima(scales, minima, out + 4);
  for (int pair = 0; pair < kParts / 2; ++pair) {
    std::array<uint8_t, kPart> codes[2];
    for (int half = 0; half < 2; ++half) {
      const int part = pair * 2 + half;
      // Rounded again for the line that readers will see.
      Encode(values + part * kPart, d * static_cast<float>(scales[part]), dmin * static_cast<float>(minima[part]),
             codes[half]);
    }
    for (int i = 0; i < kPart; ++i) {
      out[16 + pair * kPart + i] = static_cast<uint8_t>(codes[0][i] | codes[1][i] << 4);
    }
  }
}

}  // namespace plumb::gguf
