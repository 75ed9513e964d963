// AVX-512, 16 streams.
#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns of its own intrinsics (GCC bug 105593).
#endif

#define PLUMB_LANES_TARGET __attribute__((target("avx512f,avx512bw")))
#include "formats/content/sha256_lanes.h"

namespace plumb::sha256 {
namespace {

// How far ahead of its use a stream's data is asked for: sixteen streams are more than processors follow by themselves.
constexpr size_t kPrefetchBytes = 1024;

struct Avx512 {
  using Vec = __m512i;
  static constexpr size_t kLanes = 16;

  PLUMB_LANES_INLINE static Vec Load(const uint32_t* words) { return _mm512_load_si512(words); }
  PLUMB_LANES_INLINE static void Store(uint32_t* words, Vec value) { _mm512_store_si512(words, value); }
  PLUMB_LANES_INLINE static Vec Broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  PLUMB_LANES_INLINE static Vec Add(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  template <int kBits>
  PLUMB_LANES_INLINE static Vec RotateRight(Vec a) {
    return _mm512_ror_epi32(a, kBits);
  }
  template <int kBits>
  PLUMB_LANES_INLINE static Vec ShiftRight(Vec a) {
    return _mm512_srli_epi32(a, kBits);
  }
  // The last argument is the truth table over the bits of (a, b, c).
  PLUMB_LANES_INLINE static Vec Xor(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
  PLUMB_LANES_INLINE static Vec Choose(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0xCA); }
  PLUMB_LANES_INLINE static Vec Majority(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0xE8); }

  // window[w] = word w of the next block of every stream.
  PLUMB_LANES_INLINE static void LoadBlocks(const uint8_t* const* next, Vec* window) {
    const Vec big_endian = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    for (size_t i = 0; i < kLanes; ++i) {
      window[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(next[i]), big_endian);
      _mm_prefetch(reinterpret_cast<const char*>(next[i]) + kPrefetchBytes, _MM_HINT_T0);
    }
    Transpose(window);
  }

  // A matrix of 16 x 16 words: first within each 4 x 4 tile, then the tiles.
  PLUMB_LANES_INLINE static void Transpose(Vec* rows) {
    Vec tiles[16];
    for (int i = 0; i < 16; i += 4) {
      const Vec low01 = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
      const Vec high01 = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
      const Vec low23 = _mm512_unpacklo_epi32(rows[i + 2], rows[i + 3]);
      const Vec high23 = _mm512_unpackhi_epi32(rows[i + 2], rows[i + 3]);
      tiles[i] = _mm512_unpacklo_epi64(low01, low23);
      tiles[i + 1] = _mm512_unpackhi_epi64(low01, low23);
      tiles[i + 2] = _mm512_unpacklo_epi64(high01, high23);
      tiles[i + 3] = _mm512_unpackhi_epi64(high01, high23);
    }
    for (int i = 0; i < 4; ++i) {
      const Vec even_top = _mm512_shuffle_i32x4(tiles[i], tiles[i + 4], 0x88);
      const Vec odd_top = _mm512_shuffle_i32x4(tiles[i], tiles[i + 4], 0xDD);
      const Vec even_bottom = _mm512_shuffle_i32x4(tiles[i + 8], tiles[i + 12], 0x88);
      const Vec odd_bottom = _mm512_shuffle_i32x4(tiles[i + 8], tiles[i + 12], 0xDD);
      rows[i] = _mm512_shuffle_i32x4(even_top, even_bottom, 0x88);
      rows[i + 4] = _mm512_shuffle_i32x4(odd_top, odd_bottom, 0x88);
      rows[i + 8] = _mm512_shuffle_i32x4(even_top, even_bottom, 0xDD);
      rows[i + 12] = _mm512_shuffle_i32x4(odd_top, odd_bottom, 0xDD);
    }
  }
};

}  // namespace

PLUMB_LANES_TARGET void CompressAvx512(std::span<Lane* const> lanes, size_t blocks) {
  CompressLanes<Avx512>(lanes, blocks);
}

}  // namespace plumb::sha256

#endif  // defined(__x86_64__)
