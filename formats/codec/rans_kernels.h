// The inner loops of rans.h for one instruction set each.
#ifndef PLUMB_FORMATS_CODEC_RANS_KERNELS_H_
#define PLUMB_FORMATS_CODEC_RANS_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "formats/codec/frequency_table.h"

namespace plumb {

inline constexpr uint32_t kRansStateMin = 1u << 16;
inline constexpr size_t kRansLanesMany = 64;
inline constexpr size_t kRansLanesFew = 16;
// Words that must be left after those of one step, because kernels load whole vectors.
inline constexpr size_t kRansSlackWords = 16;

// What an encoder has to look up, at [context << 8 | symbol].
struct RansIntervals {
  const uint32_t* intervals;  // Frequency in the low half, start in the high half.
  const float* reciprocals;   // A little below 1 / frequency, so that a quotient is right or one too small.
};

// Codes the `count` symbols (a multiple of the lanes) from the last to the first; words grow down from `words_end`,
// two bytes for each symbol at most, and up to 32 bytes below them are overwritten, but none below where two
// bytes for each symbol would begin. `contexts` may be null. Returns where
// the words begin.
using RansEncodeKernel = uint8_t* (*)(const uint8_t* symbols, const uint8_t* contexts, size_t count,
                                      const RansIntervals& tables, uint8_t* words_end, uint32_t* states);

// Where a decoder stands. It stops before `words_end` has fewer words left than a step may read.
struct RansPosition {
  const uint8_t* words;
  const uint8_t* words_end;
  size_t done;  // Symbols, a multiple of the lanes.
};

// Looks up [context << 12 | low bits of the state]: symbol | bias << 8 | frequency << 20. Decodes symbols from
// `position->done` to `count` (a multiple of the lanes) as far as the words go.
using RansDecodeKernel = void (*)(const uint32_t* slots, const uint8_t* contexts, size_t count, uint8_t* symbols,
                                  uint32_t* states, RansPosition* position);

struct RansKernels {
  RansEncodeKernel encode_few, encode_many;
  RansDecodeKernel decode_few, decode_many;
};

const RansKernels& PortableRansKernels();
#if defined(__x86_64__)
const RansKernels& Avx2RansKernels();
const RansKernels& Avx512RansKernels();
#endif

// The single steps, for kernels and for what is left over after whole steps.
inline void RansEncodeOne(uint32_t interval, float reciprocal, uint32_t* state, uint8_t** words) {
  uint32_t frequency = interval & 0xFFFF;
  // Without a branch, which would be mispredicted every third time: the word below is written and counts or not.
  uint32_t full = *state >= frequency << 20 ? 1 : 0;
  (*words)[-2] = static_cast<uint8_t>(*state);
  (*words)[-1] = static_cast<uint8_t>(*state >> 8);
  *words -= 2 * full;
  *state >>= 16 * full;
  auto quotient = static_cast<uint32_t>(static_cast<float>(*state) * reciprocal);
  uint32_t rest = *state - quotient * frequency;
  uint32_t short_by_one = rest >= frequency ? 1 : 0;
  rest -= frequency & (0 - short_by_one);
  *state = ((quotient + short_by_one) << FrequencyTable::kScaleBits) + rest + (interval >> 16);
}

// The state after taking a symbol out, before it is filled up with a word when it is below kRansStateMin.
inline uint32_t RansAdvance(uint32_t slot, uint32_t state) {
  return (slot >> 20) * (state >> FrequencyTable::kScaleBits) + ((slot >> 8) & (FrequencyTable::kScale - 1));
}

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_RANS_KERNELS_H_
