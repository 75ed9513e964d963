// SHA-NI, 1 to 4 streams interleaved. The instruction for two rounds takes several cycles to answer; the other streams
// fill them.
#include "formats/content/sha256_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PLUMB_SHA_NI __attribute__((target("sha,sse4.1")))
#define PLUMB_SHA_NI_INLINE PLUMB_SHA_NI inline __attribute__((always_inline))

namespace plumb::sha256 {
namespace {

// What the instructions want of H0 to H7: words A, B, E, F and C, D, G, H, high to low.
struct Halves {
  __m128i abef;
  __m128i cdgh;
};

PLUMB_SHA_NI_INLINE Halves Load(const State& state) {
  __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data()));
  __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data() + 4));
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1);
  __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1B);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0)};
}

PLUMB_SHA_NI_INLINE void Store(const Halves& halves, State* state) {
  __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1B);
  __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state->data()), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state->data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// One block of each stream; `window` is the last 16 words of each message schedule.
template <size_t kLanes>
PLUMB_SHA_NI_INLINE void Block(std::array<Halves, kLanes>& state, const std::array<const uint8_t*, kLanes>& next) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i window[4][kLanes];
#pragma GCC unroll 16
  for (int four = 0; four < 16; ++four) {
    const __m128i constants =
        _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants.data() + static_cast<size_t>(4 * four)));
#pragma GCC unroll 4
    for (size_t i = 0; i < kLanes; ++i) {
      __m128i words;
      if (four < 4) {
        words = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(next[i]) + four), big_endian);
      } else {
        const __m128i last = window[(four + 3) % 4][i];
        words = _mm_sha256msg1_epu32(window[four % 4][i], window[(four + 1) % 4][i]);
        words = _mm_add_epi32(words, _mm_alignr_epi8(last, window[(four + 2) % 4][i], 4));
        words = _mm_sha256msg2_epu32(words, last);
      }
      window[four % 4][i] = words;
      const __m128i sum = _mm_add_epi32(words, constants);
      state[i].cdgh = _mm_sha256rnds2_epu32(state[i].cdgh, state[i].abef, sum);
      state[i].abef = _mm_sha256rnds2_epu32(state[i].abef, state[i].cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
  }
}

template <size_t kLanes>
PLUMB_SHA_NI void Compress(std::span<Lane* const> lanes, size_t blocks) {
  std::array<Halves, kLanes> state;
  std::array<const uint8_t*, kLanes> next;
  for (size_t i = 0; i < kLanes; ++i) {
    state[i] = Load(lanes[i]->state);
    next[i] = lanes[i]->next;
  }
  for (size_t block = 0; block < blocks; ++block) {
    const std::array<Halves, kLanes> before = state;
    Block<kLanes>(state, next);
    for (size_t i = 0; i < kLanes; ++i) {
      state[i] = {_mm_add_epi32(state[i].abef, before[i].abef), _mm_add_epi32(state[i].cdgh, before[i].cdgh)};
      next[i] += kBlockBytes;
    }
  }
  for (size_t i = 0; i < kLanes; ++i) {
    Store(state[i], &lanes[i]->state);
    lanes[i]->next = next[i];
  }
}

}  // namespace

void CompressShaNi(std::span<Lane* const> lanes, size_t blocks) {
  switch (lanes.size()) {
    case 1:
      return Compress<1>(lanes, blocks);
    case 2:
      return Compress<2>(lanes, blocks);
    case 3:
      return Compress<3>(lanes, blocks);
    default:
      return Compress<4>(lanes, blocks);
  }
}

}  // namespace plumb::sha256

#endif  // defined(__x86_64__)
