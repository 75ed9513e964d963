#include "formats/codec/rans_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <bit>

#define PLUMB_AVX2 __attribute__((target("avx2,popcnt")))

namespace plumb {
namespace {

// Symbols whose table entries are looked up ahead, as in rans_avx512.cc.
constexpr size_t kAhead = 1024;

struct Ahead {
  alignas(32) uint32_t intervals[kAhead];
  alignas(32) float reciprocals[kAhead];
};

// For each mask of eight lanes: where a lane's word stands among those loaded, and which lanes' words
// stand together at the end of eight.
struct LaneOrders {
  alignas(32) std::array<std::array<uint32_t, 8>, 256> expand{};
  alignas(32) std::array<std::array<uint32_t, 8>, 256> compress{};
};

constexpr LaneOrders MakeLaneOrders() {
  LaneOrders orders;
  for (uint32_t mask = 0; mask < 256; ++mask) {
    auto emitted = static_cast<uint32_t>(std::popcount(mask));
    for (uint32_t lane = 0, rank = 0; lane < 8; ++lane) {
      if ((mask >> lane & 1) == 0) continue;
      orders.expand[mask][lane] = rank;
      orders.compress[mask][8 - emitted + rank++] = lane;
    }
  }
  return orders;
}

constexpr LaneOrders kOrders = MakeLaneOrders();

PLUMB_AVX2 inline __m256i Load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

PLUMB_AVX2 inline __m256i Widen(const uint8_t* bytes) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
}

PLUMB_AVX2 inline uint32_t MaskOf(__m256i lanes) {
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(lanes)));
}

PLUMB_AVX2 void LookAhead(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                          Ahead* ahead) {
  for (size_t i = 0; i < count; i += 8) {
    __m256i index = Widen(symbols + i);
    if (contexts != nullptr) index = _mm256_or_si256(index, _mm256_slli_epi32(Widen(contexts + i), 8));
    __m256i intervals = _mm256_i32gather_epi32(reinterpret_cast<const int*>(tables.intervals), index, 4);
    _mm256_store_si256(reinterpret_cast<__m256i*>(ahead->intervals + i), intervals);
    _mm256_store_ps(ahead->reciprocals + i, _mm256_i32gather_ps(tables.reciprocals, index, 4));
  }
}

// Eight words go out at once; those that do not count lie below the stream and are written over later.
PLUMB_AVX2 inline __m256i Emit(__m256i state, __m256i frequency, uint8_t** words) {
  __m256i limit = _mm256_slli_epi32(frequency, 20);
  __m256i full = _mm256_cmpeq_epi32(_mm256_max_epu32(state, limit), state);
  uint32_t mask = MaskOf(full);
  __m256i together = _mm256_permutevar8x32_epi32(state, Load(kOrders.compress[mask].data()));
  __m256i halves = _mm256_and_si256(together, _mm256_set1_epi32(0xFFFF));
  __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0x88);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(*words - 16), _mm256_castsi256_si128(packed));
  *words -= 2 * _mm_popcnt_u32(mask);
  return _mm256_blendv_epi8(state, _mm256_srli_epi32(state, 16), full);
}

PLUMB_AVX2 inline __m256i EncodeVector(__m256i state, __m256i interval, __m256 reciprocal, uint8_t** words) {
  const __m256i kHalf = _mm256_set1_epi32(0xFFFF);
  __m256i frequency = _mm256_and_si256(interval, kHalf);
  state = Emit(state, frequency, words);
  __m256 high = _mm256_cvtepi32_ps(_mm256_srli_epi32(state, 16));
  __m256 low = _mm256_cvtepi32_ps(_mm256_and_si256(state, kHalf));
  __m256 value = _mm256_add_ps(_mm256_mul_ps(high, _mm256_set1_ps(65536.0f)), low);
  __m256i quotient = _mm256_cvttps_epi32(_mm256_mul_ps(value, reciprocal));
  __m256i rest = _mm256_sub_epi32(state, _mm256_mullo_epi32(quotient, frequency));
  __m256i exact = _mm256_cmpgt_epi32(frequency, rest);
  quotient = _mm256_add_epi32(quotient, _mm256_andnot_si256(exact, _mm256_set1_epi32(1)));
  rest = _mm256_sub_epi32(rest, _mm256_andnot_si256(exact, frequency));
  __m256i shifted = _mm256_slli_epi32(quotient, FrequencyTable::kScaleBits);
  return _mm256_add_epi32(_mm256_add_epi32(shifted, rest), _mm256_srli_epi32(interval, 16));
}

template <size_t kVectors>
PLUMB_AVX2 uint8_t* Encode(const uint8_t* symbols, const uint8_t* contexts, size_t count, const RansIntervals& tables,
                           uint8_t* words_end, uint32_t* states) {
  uint8_t* words = words_end;
  __m256i state[kVectors];
  for (size_t v = 0; v < kVectors; ++v) state[v] = Load(states + 8 * v);
  Ahead ahead;
  for (size_t end = count; end > 0;) {
    size_t block = end % kAhead == 0 ? kAhead : end % kAhead;
    end -= block;
    LookAhead(symbols + end, contexts == nullptr ? nullptr : contexts + end, block, tables, &ahead);
    for (size_t i = block; i > 0; i -= 8 * kVectors) {
#pragma GCC unroll 8
      for (size_t back = 1; back <= kVectors; ++back) {
        const size_t v = kVectors - back;
        const size_t at = i - 8 * back;
        state[v] = EncodeVector(state[v], Load(ahead.intervals + at), _mm256_load_ps(ahead.reciprocals + at), &words);
      }
    }
  }
  for (size_t v = 0; v < kVectors; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(states + 8 * v), state[v]);
  return words;
}

PLUMB_AVX2 inline __m256i DecodeVector(__m256i state, __m256i slot, const uint8_t** words) {
  const __m256i kBiasMask = _mm256_set1_epi32(FrequencyTable::kScale - 1);
  __m256i next = _mm256_mullo_epi32(_mm256_srli_epi32(slot, 20), _mm256_srli_epi32(state, FrequencyTable::kScaleBits));
  next = _mm256_add_epi32(next, _mm256_and_si256(_mm256_srli_epi32(slot, 8), kBiasMask));
  __m256i low = _mm256_cmpeq_epi32(_mm256_srli_epi32(next, 16), _mm256_setzero_si256());
  uint32_t mask = MaskOf(low);
  __m256i ahead = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(*words)));
  __m256i expanded = _mm256_permutevar8x32_epi32(ahead, Load(kOrders.expand[mask].data()));
  *words += 2 * _mm_popcnt_u32(mask);
  return _mm256_blendv_epi8(next, _mm256_or_si256(_mm256_slli_epi32(next, 16), expanded), low);
}

PLUMB_AVX2 inline void StoreSymbols(__m256i slot, uint8_t* symbols) {
  const __m256i kLowBytes = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                                             0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  __m256i bytes = _mm256_shuffle_epi8(slot, kLowBytes);
  __m128i eight = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(symbols), eight);
}

template <size_t kVectors>
PLUMB_AVX2 void Decode(const uint32_t* slots, const uint8_t* contexts, size_t count, uint8_t* symbols, uint32_t* states,
                       RansPosition* position) {
  constexpr size_t kLanes = 8 * kVectors;
  const __m256i kSlotMask = _mm256_set1_epi32(FrequencyTable::kScale - 1);
  const uint8_t* words = position->words;
  size_t done = position->done;
  __m256i state[kVectors];
  for (size_t v = 0; v < kVectors; ++v) state[v] = Load(states + 8 * v);
  while (done < count && position->words_end - words >= static_cast<ptrdiff_t>(2 * (kLanes + kRansSlackWords))) {
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) {
      __m256i index = _mm256_and_si256(state[v], kSlotMask);
      if (contexts != nullptr) {
        __m256i context = Widen(contexts + done + 8 * v);
        index = _mm256_or_si256(index, _mm256_slli_epi32(context, FrequencyTable::kScaleBits));
      }
      __m256i slot = _mm256_i32gather_epi32(reinterpret_cast<const int*>(slots), index, 4);
      state[v] = DecodeVector(state[v], slot, &words);
      StoreSymbols(slot, symbols + done + 8 * v);
    }
    done += kLanes;
  }
  for (size_t v = 0; v < kVectors; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(states + 8 * v), state[v]);
  position->words = words;
  position->done = done;
}

}  // namespace

const RansKernels& Avx2RansKernels() {
  static constexpr RansKernels kKernels = {Encode<kRansLanesFew / 8>, Encode<kRansLanesMany / 8>,
                                           Decode<kRansLanesFew / 8>, Decode<kRansLanesMany / 8>};
  return kKernels;
}

}  // namespace plumb
#endif
