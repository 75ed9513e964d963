// AVX-512, eight lanes at a time.
#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns of its own intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#define PLUMB_SURVEY_TARGET __attribute__((target("avx512f")))
#include "formats/weights/value_survey_lanes.h"

namespace plumb::survey {
namespace {

struct Avx512 {
  static constexpr size_t kWidth = 8;
  using Vec = __m512d;
  using Count = __m512i;

  PLUMB_SURVEY_INLINE static __m256i LoadSixteen(const uint8_t* bytes) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  }
  PLUMB_SURVEY_INLINE static void Widen(__m512 floats, Vec* values) {
    values[0] = _mm512_cvtps_pd(_mm512_castps512_ps256(floats));
    values[1] = _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(floats), 1)));
  }
  template <Stored kStored>
  PLUMB_SURVEY_INLINE static void Load(const uint8_t* bytes, Vec* values) {
    if constexpr (kStored == Stored::kBf16) {
      const __m512i high_half = _mm512_slli_epi32(_mm512_cvtepu16_epi32(LoadSixteen(bytes)), 16);
      Widen(_mm512_castsi512_ps(high_half), values);
    } else if constexpr (kStored == Stored::kF16) {
      Widen(_mm512_cvtph_ps(LoadSixteen(bytes)), values);
    } else if constexpr (kStored == Stored::kF32) {
      Widen(_mm512_loadu_ps(bytes), values);
    } else {
      values[0] = _mm512_loadu_pd(bytes);
      values[1] = _mm512_loadu_pd(bytes + sizeof(Vec));
    }
  }
  PLUMB_SURVEY_INLINE static void Store(Vec value, double* out) { _mm512_storeu_pd(out, value); }
  PLUMB_SURVEY_INLINE static Vec Broadcast(double value) { return _mm512_set1_pd(value); }
  PLUMB_SURVEY_INLINE static Vec Min(Vec a, Vec b) { return _mm512_min_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Max(Vec a, Vec b) { return _mm512_max_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Add(Vec a, Vec b) { return _mm512_add_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Subtract(Vec a, Vec b) { return _mm512_sub_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Multiply(Vec a, Vec b) { return _mm512_mul_pd(a, b); }
  PLUMB_SURVEY_INLINE static Count NoCount() { return _mm512_setzero_si512(); }
  PLUMB_SURVEY_INLINE static Count CountZeros(Count count, Vec values) {
    const __mmask8 zero = _mm512_cmp_pd_mask(values, _mm512_setzero_pd(), _CMP_EQ_OQ);
    return _mm512_mask_add_epi64(count, zero, count, _mm512_set1_epi64(1));
  }
  PLUMB_SURVEY_INLINE static uint64_t Total(Count count) {
    return static_cast<uint64_t>(_mm512_reduce_add_epi64(count));
  }
};

}  // namespace

constinit const Kernel kAvx512 = MakeKernel<Avx512>("avx512");

}  // namespace plumb::survey

#endif  // defined(__x86_64__)
