#include <algorithm>

#include "formats/codec/instruction_set.h"
#include "formats/codec/rans_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PLUMB_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,popcnt")))

namespace plumb {
namespace {

// Symbols whose table entries are looked up ahead: a gather does not overtake stores whose address is not known yet,
// which in the coding loop are all of them.
constexpr size_t kAhead = 1024;
// Symbols whose entries fit into registers, where looking up costs a fraction of a gather: all that the exponents of
// weights below 2 have, and half of them, within which they lie when none is very small.
constexpr uint32_t kNearSymbolsMax = 128;

struct Ahead {
  alignas(64) uint32_t intervals[kAhead];
  alignas(64) float reciprocals[kAhead];
};

PLUMB_AVX512 inline __m512i Widen(const uint8_t* bytes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

// Compiled without the vector instructions, which the compiler would make a gather of.
void LookAheadSingly(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                     Ahead* ahead) {
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (contexts == nullptr ? 0 : size_t{contexts[i]} << 8) | symbols[i];
    ahead->intervals[i] = tables.intervals[index];
    ahead->reciprocals[i] = tables.reciprocals[index];
  }
}

PLUMB_AVX512 void LookAhead(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                            Ahead* ahead) {
  for (size_t i = 0; i < count; i += 16) {
    __m512i index = Widen(symbols + i);
    if (contexts != nullptr) index = _mm512_or_si512(index, _mm512_slli_epi32(Widen(contexts + i), 8));
    _mm512_store_si512(ahead->intervals + i, _mm512_i32gather_epi32(index, tables.intervals, 4));
    _mm512_store_ps(ahead->reciprocals + i, _mm512_i32gather_ps(index, tables.reciprocals, 4));
  }
}

// Symbols [first, first + size) hold all that have a frequency.
struct Near {
  uint32_t first = 0;
  uint32_t size = 0;  // 64, 128, or 0 when there is no such range.
};

Near FindNear(const RansIntervals& tables) {
  uint32_t first = 0;
  while (first < 255 && (tables.intervals[first] & 0xFFFF) == 0) ++first;
  uint32_t last = 255;
  while (last > first && (tables.intervals[last] & 0xFFFF) == 0) --last;
  for (uint32_t size = 64; size <= kNearSymbolsMax; size *= 2) {
    if (last - first < size) return {std::min(first, 256 - size), size};
  }
  return {};
}

// Entries [0, 32 * kPairs) of a table, and the look-up of sixteen of them.
template <size_t kPairs>
struct NearTable {
  __m512i entries[2 * kPairs];

  PLUMB_AVX512 explicit NearTable(const void* from) {
    for (size_t i = 0; i < 2 * kPairs; ++i) entries[i] = _mm512_loadu_si512(static_cast<const uint8_t*>(from) + 64 * i);
  }
  PLUMB_AVX512 inline __attribute__((always_inline)) __m512i Pair(size_t pair, __m512i index) const {
    return _mm512_permutex2var_epi32(entries[2 * pair], index, entries[2 * pair + 1]);
  }
  PLUMB_AVX512 inline __attribute__((always_inline)) __m512i At(__m512i index) const {
    const __mmask16 odd = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
    __m512i found = _mm512_mask_mov_epi32(Pair(0, index), odd, Pair(1, index));
    if constexpr (kPairs == 4) {
      const __m512i high = _mm512_mask_mov_epi32(Pair(2, index), odd, Pair(3, index));
      found = _mm512_mask_mov_epi32(found, _mm512_test_epi32_mask(index, _mm512_set1_epi32(64)), high);
    }
    return found;
  }
};

template <size_t kPairs>
PLUMB_AVX512 void LookAheadNear(const uint8_t* symbols, size_t count, const RansIntervals& tables, uint32_t first,
                                Ahead* ahead) {
  const NearTable<kPairs> intervals(tables.intervals + first);
  const NearTable<kPairs> reciprocals(tables.reciprocals + first);
  const __m512i firsts = _mm512_set1_epi32(static_cast<int>(first));
  for (size_t i = 0; i < count; i += 16) {
    const __m512i index = _mm512_sub_epi32(Widen(symbols + i), firsts);
    _mm512_store_si512(ahead->intervals + i, intervals.At(index));
    _mm512_store_si512(ahead->reciprocals + i, reciprocals.At(index));
  }
}

// Entry e: for each of sixteen words the one that comes there when the first e are moved to the end.
struct ToEnd {
  alignas(32) uint16_t order[17][16];
  constexpr ToEnd() : order() {
    for (unsigned emitted = 0; emitted <= 16; ++emitted) {
      for (unsigned i = 0; i < 16; ++i) order[emitted][i] = static_cast<uint16_t>((i + emitted) % 16);
    }
  }
};
constexpr ToEnd kToEnd;

PLUMB_AVX512 inline __m512i EncodeVector(__m512i state, __m512i interval, __m512 reciprocal, uint8_t** words) {
  __m512i frequency = _mm512_and_si512(interval, _mm512_set1_epi32(0xFFFF));
  __mmask16 full = _mm512_cmpge_epu32_mask(state, _mm512_slli_epi32(frequency, 20));
  int emitted = _mm_popcnt_u32(full);
  // A whole vector, whose beginning the next one overwrites: Zen takes ten times as long for a masked store of words.
  __m256i packed = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(full, state));
  __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(kToEnd.order[emitted]));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(*words - sizeof packed), _mm256_permutexvar_epi16(order, packed));
  *words -= 2 * emitted;
  state = _mm512_mask_srli_epi32(state, full, state, 16);
  __m512i quotient = _mm512_cvttps_epi32(_mm512_mul_ps(_mm512_cvtepu32_ps(state), reciprocal));
  __m512i rest = _mm512_sub_epi32(state, _mm512_mullo_epi32(quotient, frequency));
  __mmask16 short_by_one = _mm512_cmpge_epu32_mask(rest, frequency);
  quotient = _mm512_mask_add_epi32(quotient, short_by_one, quotient, _mm512_set1_epi32(1));
  rest = _mm512_mask_sub_epi32(rest, short_by_one, rest, frequency);
  __m512i shifted = _mm512_slli_epi32(quotient, FrequencyTable::kScaleBits);
  return _mm512_add_epi32(_mm512_add_epi32(shifted, rest), _mm512_srli_epi32(interval, 16));
}

template <size_t kVectors, bool kGather>
PLUMB_AVX512 uint8_t* Encode(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                             uint8_t* words_end, uint32_t* states) {
  uint8_t* words = words_end;
  __m512i state[kVectors];
  for (size_t v = 0; v < kVectors; ++v) state[v] = _mm512_loadu_si512(states + 16 * v);
  const Near near = contexts == nullptr ? FindNear(tables) : Near();
  Ahead ahead;
  for (size_t end = count; end > 0;) {
    size_t block = end % kAhead == 0 ? kAhead : end % kAhead;
    end -= block;
    if (near.size == 64) {
      LookAheadNear<2>(symbols + end, block, tables, near.first, &ahead);
    } else if (near.size == 128) {
      LookAheadNear<4>(symbols + end, block, tables, near.first, &ahead);
    } else {
      auto* const look_ahead = kGather ? &LookAhead : &LookAheadSingly;
      look_ahead(symbols + end, contexts == nullptr ? nullptr : contexts + end, block, tables, &ahead);
    }
    for (size_t i = block; i > 0; i -= 16 * kVectors) {
#pragma GCC unroll 4
      for (size_t back = 1; back <= kVectors; ++back) {
        const size_t v = kVectors - back;
        const size_t at = i - 16 * back;
        state[v] = EncodeVector(state[v], _mm512_load_si512(ahead.intervals + at),
                                _mm512_load_ps(ahead.reciprocals + at), &words);
      }
    }
  }
  for (size_t v = 0; v < kVectors; ++v) _mm512_storeu_si512(states + 16 * v, state[v]);
  return words;
}

PLUMB_AVX512 inline __m512i DecodeVector(__m512i state, __m512i slot, const uint8_t** words) {
  const __m512i kBiasMask = _mm512_set1_epi32(FrequencyTable::kScale - 1);
  __m512i next = _mm512_mullo_epi32(_mm512_srli_epi32(slot, 20), _mm512_srli_epi32(state, FrequencyTable::kScaleBits));
  next = _mm512_add_epi32(next, _mm512_and_si512(_mm512_srli_epi32(slot, 8), kBiasMask));
  __mmask16 low = _mm512_cmplt_epu32_mask(next, _mm512_set1_epi32(kRansStateMin));
  __m512i ahead = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(*words)));
  __m512i filled = _mm512_or_si512(_mm512_slli_epi32(next, 16), _mm512_maskz_expand_epi32(low, ahead));
  *words += 2 * _mm_popcnt_u32(low);
  return _mm512_mask_mov_epi32(next, low, filled);
}

PLUMB_AVX512 inline __m128i LookUpFour(const uint32_t* slots, const uint32_t* index) {
  return _mm_set_epi32(static_cast<int>(slots[index[3]]), static_cast<int>(slots[index[2]]),
                       static_cast<int>(slots[index[1]]), static_cast<int>(slots[index[0]]));
}

// A gather by single loads, which takes half the time on processors that run gathers in microcode.
PLUMB_AVX512 inline __m512i LookUp(const uint32_t* slots, __m512i indices) {
  alignas(64) uint32_t index[16];
  _mm512_store_si512(index, indices);
  const __m256i low = _mm256_set_m128i(LookUpFour(slots, index + 4), LookUpFour(slots, index));
  const __m256i high = _mm256_set_m128i(LookUpFour(slots, index + 12), LookUpFour(slots, index + 8));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

template <size_t kVectors, bool kContexts, bool kGather>
PLUMB_AVX512 void DecodeSteps(const uint32_t* slots, const uint8_t* contexts, size_t count, uint8_t* symbols,
                              uint32_t* states, RansPosition* position) {
  constexpr size_t kLanes = 16 * kVectors;
  const __m512i kSlotMask = _mm512_set1_epi32(FrequencyTable::kScale - 1);
  const uint8_t* words = position->words;
  size_t done = position->done;
  __m512i state[kVectors];
  for (size_t v = 0; v < kVectors; ++v) state[v] = _mm512_loadu_si512(states + 16 * v);
  while (done < count && position->words_end - words >= static_cast<ptrdiff_t>(2 * (kLanes + kRansSlackWords))) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      __m512i index = _mm512_and_si512(state[v], kSlotMask);
      if constexpr (kContexts) {
        __m512i context = Widen(contexts + done + 16 * v);
        index = _mm512_or_si512(index, _mm512_slli_epi32(context, FrequencyTable::kScaleBits));
      }
      __m512i slot = kGather ? _mm512_i32gather_epi32(index, slots, 4) : LookUp(slots, index);
      state[v] = DecodeVector(state[v], slot, &words);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(symbols + done + 16 * v), _mm512_cvtepi32_epi8(slot));
    }
    done += kLanes;
  }
  for (size_t v = 0; v < kVectors; ++v) _mm512_storeu_si512(states + 16 * v, state[v]);
  position->words = words;
  position->done = done;
}

template <size_t kVectors, bool kGather>
void Decode(const uint32_t* slots, const uint8_t* contexts, size_t count, uint8_t* symbols, uint32_t* states,
            RansPosition* position) {
  if (contexts == nullptr) {
    DecodeSteps<kVectors, false, kGather>(slots, contexts, count, symbols, states, position);
  } else {
    DecodeSteps<kVectors, true, kGather>(slots, contexts, count, symbols, states, position);
  }
}

template <bool kGather>
constexpr RansKernels kKernels = {Encode<kRansLanesFew / 16, kGather>, Encode<kRansLanesMany / 16, kGather>,
                                  Decode<kRansLanesFew / 16, kGather>, Decode<kRansLanesMany / 16, kGather>};

}  // namespace

const RansKernels& Avx512RansKernels() { return GathersPay() ? kKernels<true> : kKernels<false>; }

}  // namespace plumb
#endif
