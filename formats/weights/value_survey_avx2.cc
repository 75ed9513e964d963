// AVX2 with F16C, four lanes at a time.
#if defined(__x86_64__)
#include <immintrin.h>

#define PLUMB_SURVEY_TARGET __attribute__((target("avx2,f16c")))
#include "formats/weights/value_survey_lanes.h"

namespace plumb::survey {
namespace {

struct Avx2 {
  static constexpr size_t kWidth = 4;
  using Vec = __m256d;
  using Count = __m256i;

  // Sixteen floats, as eight and eight.
  PLUMB_SURVEY_INLINE static void Widen(__m256 low, __m256 high, Vec* values) {
    values[0] = _mm256_cvtps_pd(_mm256_castps256_ps128(low));
    values[1] = _mm256_cvtps_pd(_mm256_extractf128_ps(low, 1));
    values[2] = _mm256_cvtps_pd(_mm256_castps256_ps128(high));
    values[3] = _mm256_cvtps_pd(_mm256_extractf128_ps(high, 1));
  }
  PLUMB_SURVEY_INLINE static __m128i LoadEight(const uint8_t* bytes) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  }
  PLUMB_SURVEY_INLINE static __m256 FromBf16(__m128i eight) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight), 16));
  }
  template <Stored kStored>
  PLUMB_SURVEY_INLINE static void Load(const uint8_t* bytes, Vec* values) {
    if constexpr (kStored == Stored::kBf16) {
      Widen(FromBf16(LoadEight(bytes)), FromBf16(LoadEight(bytes + 16)), values);
    } else if constexpr (kStored == Stored::kF16) {
      Widen(_mm256_cvtph_ps(LoadEight(bytes)), _mm256_cvtph_ps(LoadEight(bytes + 16)), values);
    } else if constexpr (kStored == Stored::kF32) {
      const auto* floats = reinterpret_cast<const float*>(bytes);
      Widen(_mm256_loadu_ps(floats), _mm256_loadu_ps(floats + 8), values);
    } else {
      const auto* doubles = reinterpret_cast<const double*>(bytes);
      for (size_t i = 0; i < 4; ++i) values[i] = _mm256_loadu_pd(doubles + 4 * i);
    }
  }
  PLUMB_SURVEY_INLINE static void Store(Vec value, double* out) { _mm256_storeu_pd(out, value); }
  PLUMB_SURVEY_INLINE static Vec Broadcast(double value) { return _mm256_set1_pd(value); }
  PLUMB_SURVEY_INLINE static Vec Min(Vec a, Vec b) { return _mm256_min_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Max(Vec a, Vec b) { return _mm256_max_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Add(Vec a, Vec b) { return _mm256_add_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Subtract(Vec a, Vec b) { return _mm256_sub_pd(a, b); }
  PLUMB_SURVEY_INLINE static Vec Multiply(Vec a, Vec b) { return _mm256_mul_pd(a, b); }
  PLUMB_SURVEY_INLINE static Count NoCount() { return _mm256_setzero_si256(); }
  // A comparison that holds is -1.
  PLUMB_SURVEY_INLINE static Count CountZeros(Count count, Vec values) {
    const Vec zero = _mm256_cmp_pd(values, _mm256_setzero_pd(), _CMP_EQ_OQ);
    return _mm256_sub_epi64(count, _mm256_castpd_si256(zero));
  }
  PLUMB_SURVEY_INLINE static uint64_t Total(Count count) {
    alignas(32) uint64_t lanes[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), count);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
  }
};

}  // namespace

constinit const Kernel kAvx2 = MakeKernel<Avx2>("avx2");

}  // namespace plumb::survey

#endif  // defined(__x86_64__)
