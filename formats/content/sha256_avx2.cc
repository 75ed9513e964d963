// AVX2, 8 streams.
#if defined(__x86_64__)
#include <immintrin.h>

#define PLUMB_LANES_TARGET __attribute__((target("avx2")))
#include "formats/content/sha256_lanes.h"

namespace plumb::sha256 {
namespace {

struct Avx2 {
  using Vec = __m256i;
  static constexpr size_t kLanes = 8;

  PLUMB_LANES_INLINE static Vec Load(const uint32_t* words) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(words));
  }
  PLUMB_LANES_INLINE static void Store(uint32_t* words, Vec value) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(words), value);
  }
  PLUMB_LANES_INLINE static Vec Broadcast(uint32_t word) { return _mm256_set1_epi32(static_cast<int>(word)); }
  PLUMB_LANES_INLINE static Vec Add(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  template <int kBits>
  PLUMB_LANES_INLINE static Vec RotateRight(Vec a) {
    return _mm256_or_si256(_mm256_srli_epi32(a, kBits), _mm256_slli_epi32(a, 32 - kBits));
  }
  template <int kBits>
  PLUMB_LANES_INLINE static Vec ShiftRight(Vec a) {
    return _mm256_srli_epi32(a, kBits);
  }
  PLUMB_LANES_INLINE static Vec Xor(Vec a, Vec b, Vec c) { return _mm256_xor_si256(a, _mm256_xor_si256(b, c)); }
  PLUMB_LANES_INLINE static Vec Choose(Vec a, Vec b, Vec c) {
    return _mm256_xor_si256(c, _mm256_and_si256(a, _mm256_xor_si256(b, c)));
  }
  PLUMB_LANES_INLINE static Vec Majority(Vec a, Vec b, Vec c) {
    return _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
  }

  // window[w] = word w of the next block of every stream.
  PLUMB_LANES_INLINE static void LoadBlocks(const uint8_t* const* next, Vec* window) {
    const Vec big_endian = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
    for (size_t half = 0; half < 2; ++half) {
      for (size_t i = 0; i < kLanes; ++i) {
        const Vec bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(next[i]) + half);
        window[8 * half + i] = _mm256_shuffle_epi8(bytes, big_endian);
      }
      Transpose(window + 8 * half);
    }
  }

  // A matrix of 8 x 8 words: first within each 4 x 4 tile, then the tiles.
  PLUMB_LANES_INLINE static void Transpose(Vec* rows) {
    Vec tiles[8];
    for (int i = 0; i < 8; i += 4) {
      const Vec low01 = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
      const Vec high01 = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
      const Vec low23 = _mm256_unpacklo_epi32(rows[i + 2], rows[i + 3]);
      const Vec high23 = _mm256_unpackhi_epi32(rows[i + 2], rows[i + 3]);
      tiles[i] = _mm256_unpacklo_epi64(low01, low23);
      tiles[i + 1] = _mm256_unpackhi_epi64(low01, low23);
      tiles[i + 2] = _mm256_unpacklo_epi64(high01, high23);
      tiles[i + 3] = _mm256_unpackhi_epi64(high01, high23);
    }
    for (int i = 0; i < 4; ++i) {
      rows[i] = _mm256_permute2x128_si256(tiles[i], tiles[i + 4], 0x20);
      rows[i + 4] = _mm256_permute2x128_si256(tiles[i], tiles[i + 4], 0x31);
    }
  }
};

}  // namespace

PLUMB_LANES_TARGET void CompressAvx2(std::span<Lane* const> lanes, size_t blocks) {
  CompressLanes<Avx2>(lanes, blocks);
}

}  // namespace plumb::sha256

#endif  // defined(__x86_64__)
