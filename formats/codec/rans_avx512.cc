#include "formats/codec/rans_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PLUMB_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,popcnt")))

namespace plumb {
namespace {

// Symbols whose table entries are looked up ahead: a gather does not overtake stores whose address is not known yet,
// which in the coding loop are all of them.
constexpr size_t kAhead = 1024;

struct Ahead {
  alignas(64) uint32_t intervals[kAhead];
  alignas(64) float reciprocals[kAhead];
};

PLUMB_AVX512 inline __m512i Widen(const uint8_t* bytes) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
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

PLUMB_AVX512 inline __m512i EncodeVector(__m512i state, __m512i interval, __m512 reciprocal, uint8_t** words) {
  __m512i frequency = _mm512_and_si512(interval, _mm512_set1_epi32(0xFFFF));
  __mmask16 full = _mm512_cmpge_epu32_mask(state, _mm512_slli_epi32(frequency, 20));
  int emitted = _mm_popcnt_u32(full);
  *words -= 2 * emitted;
  __m256i packed = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(full, state));
  _mm256_mask_storeu_epi16(*words, static_cast<__mmask16>((1u << emitted) - 1), packed);
  state = _mm512_mask_srli_epi32(state, full, state, 16);
  __m512i quotient = _mm512_cvttps_epi32(_mm512_mul_ps(_mm512_cvtepu32_ps(state), reciprocal));
  __m512i rest = _mm512_sub_epi32(state, _mm512_mullo_epi32(quotient, frequency));
  __mmask16 short_by_one = _mm512_cmpge_epu32_mask(rest, frequency);
  quotient = _mm512_mask_add_epi32(quotient, short_by_one, quotient, _mm512_set1_epi32(1));
  rest = _mm512_mask_sub_epi32(rest, short_by_one, rest, frequency);
  __m512i shifted = _mm512_slli_epi32(quotient, FrequencyTable::kScaleBits);
  return _mm512_add_epi32(_mm512_add_epi32(shifted, rest), _mm512_srli_epi32(interval, 16));
}

template <size_t kVectors>
PLUMB_AVX512 uint8_t* Encode(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                             uint8_t* words_end, uint32_t* states) {
  uint8_t* words = words_end;
  __m512i state[kVectors];
  for (size_t v = 0; v < kVectors; ++v) state[v] = _mm512_loadu_si512(states + 16 * v);
  Ahead ahead;
  for (size_t end = count; end > 0;) {
    size_t block = end % kAhead == 0 ? kAhead : end % kAhead;
    end -= block;
    LookAhead(symbols + end, contexts == nullptr ? nullptr : contexts + end, block, tables, &ahead);
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

template <size_t kVectors, bool kContexts>
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
      __m512i slot = _mm512_i32gather_epi32(index, slots, 4);
      state[v] = DecodeVector(state[v], slot, &words);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(symbols + done + 16 * v), _mm512_cvtepi32_epi8(slot));
    }
    done += kLanes;
  }
  for (size_t v = 0; v < kVectors; ++v) _mm512_storeu_si512(states + 16 * v, state[v]);
  position->words = words;
  position->done = done;
}

template <size_t kVectors>
void Decode(const uint32_t* slots, const uint8_t* contexts, size_t count, uint8_t* symbols, uint32_t* states,
            RansPosition* position) {
  if (contexts == nullptr) return DecodeSteps<kVectors, false>(slots, contexts, count, symbols, states, position);
  DecodeSteps<kVectors, true>(slots, contexts, count, symbols, states, position);
}

}  // namespace

const RansKernels& Avx512RansKernels() {
  static constexpr RansKernels kKernels = {Encode<kRansLanesFew / 16>, Encode<kRansLanesMany / 16>,
                                           Decode<kRansLanesFew / 16>, Decode<kRansLanesMany / 16>};
  return kKernels;
}

}  // namespace plumb
#endif
