// The survey of values for any vector width. Include it in one `.cc` per instruction set, with PLUMB_SURVEY_TARGET
// saying which instructions its functions may use, and compile that without contraction of products and sums.
#ifndef PLUMB_FORMATS_WEIGHTS_VALUE_SURVEY_LANES_H_
#define PLUMB_FORMATS_WEIGHTS_VALUE_SURVEY_LANES_H_

#include <cstring>

#include "formats/weights/value_survey.h"
#include "plumb/weights/half.h"

#ifndef PLUMB_SURVEY_TARGET
#error "define PLUMB_SURVEY_TARGET as the target attribute of the vector's instructions"
#endif
#define PLUMB_SURVEY_INLINE PLUMB_SURVEY_TARGET inline __attribute__((always_inline))

namespace plumb::survey {
namespace {

enum class Stored { kBf16, kF16, kF32, kF64 };

constexpr size_t StoredBytes(Stored stored) { return stored == Stored::kF64 ? 8 : stored == Stored::kF32 ? 4 : 2; }

template <typename T>
T LoadOne(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

template <Stored kStored>
double ValueAt(const uint8_t* bytes) {
  if constexpr (kStored == Stored::kBf16) return BFloat16ToFloat(LoadOne<uint16_t>(bytes));
  if constexpr (kStored == Stored::kF16) return HalfToFloat(LoadOne<uint16_t>(bytes));
  if constexpr (kStored == Stored::kF32) return LoadOne<float>(bytes);
  return LoadOne<double>(bytes);
}

// V::Vec holds V::kWidth doubles, V::Count counts for as many lanes.
template <typename V>
struct Sums {
  static constexpr size_t kVectors = kLanes / V::kWidth;
  typename V::Vec min[kVectors];
  typename V::Vec max[kVectors];
  typename V::Vec sum[kVectors];
  typename V::Vec squares[kVectors];
  typename V::Count zeros[kVectors];
};

template <typename V, Stored kStored>
PLUMB_SURVEY_INLINE void AddGroup(const uint8_t* bytes, typename V::Vec first, Sums<V>* sums) {
  typename V::Vec values[Sums<V>::kVectors];
  V::template Load<kStored>(bytes, values);
#pragma GCC unroll 4
  for (size_t i = 0; i < Sums<V>::kVectors; ++i) {
    sums->min[i] = V::Min(values[i], sums->min[i]);
    sums->max[i] = V::Max(values[i], sums->max[i]);
    sums->zeros[i] = V::CountZeros(sums->zeros[i], values[i]);
    const typename V::Vec distance = V::Subtract(values[i], first);
    sums->sum[i] = V::Add(sums->sum[i], distance);
    sums->squares[i] = V::Add(sums->squares[i], V::Multiply(distance, distance));
  }
}

template <typename V>
PLUMB_SURVEY_INLINE Moments Total(const Sums<V>& sums) {
  Moments moments;
  for (size_t i = 0; i < Sums<V>::kVectors; ++i) {
    double min[V::kWidth];
    double max[V::kWidth];
    double sum[V::kWidth];
    double squares[V::kWidth];
    V::Store(sums.min[i], min);
    V::Store(sums.max[i], max);
    V::Store(sums.sum[i], sum);
    V::Store(sums.squares[i], squares);
    for (size_t lane = 0; lane < V::kWidth; ++lane) {
      moments.min = i + lane == 0 || min[lane] < moments.min ? min[lane] : moments.min;
      moments.max = i + lane == 0 || max[lane] > moments.max ? max[lane] : moments.max;
      moments.sum += sum[lane];
      moments.squares += squares[lane];
    }
    moments.zeros += V::Total(sums.zeros[i]);
  }
  return moments;
}

template <typename V, Stored kStored>
PLUMB_SURVEY_INLINE Moments SurveyValues(const uint8_t* bytes, size_t count) {
  constexpr size_t kBytes = StoredBytes(kStored);
  const double first = ValueAt<kStored>(bytes);
  const typename V::Vec firsts = V::Broadcast(first);
  Sums<V> sums;
  for (size_t i = 0; i < Sums<V>::kVectors; ++i) {
    sums.min[i] = sums.max[i] = firsts;
    sums.sum[i] = sums.squares[i] = V::Broadcast(0);
    sums.zeros[i] = V::NoCount();
  }
  for (size_t group = count / kLanes; group > 0; --group, bytes += kLanes * kBytes) {
    AddGroup<V, kStored>(bytes, firsts, &sums);
  }
  const size_t rest = count % kLanes;
  if (rest == 0) return Total<V>(sums);
  // Filled up with the first value, whose distance is 0.
  uint8_t group[kLanes * kBytes];
  const uint8_t* const start = bytes - (count - rest) * kBytes;
  for (size_t i = 0; i < kLanes; ++i) std::memcpy(group + i * kBytes, i < rest ? bytes + i * kBytes : start, kBytes);
  AddGroup<V, kStored>(group, firsts, &sums);
  Moments moments = Total<V>(sums);
  if (first == 0) moments.zeros -= kLanes - rest;
  return moments;
}

template <typename V>
struct SurveyOf {
  PLUMB_SURVEY_TARGET static Moments Bf16(const uint8_t* bytes, size_t count) {
    return SurveyValues<V, Stored::kBf16>(bytes, count);
  }
  PLUMB_SURVEY_TARGET static Moments F16(const uint8_t* bytes, size_t count) {
    return SurveyValues<V, Stored::kF16>(bytes, count);
  }
  PLUMB_SURVEY_TARGET static Moments F32(const uint8_t* bytes, size_t count) {
    return SurveyValues<V, Stored::kF32>(bytes, count);
  }
  PLUMB_SURVEY_TARGET static Moments F64(const uint8_t* bytes, size_t count) {
    return SurveyValues<V, Stored::kF64>(bytes, count);
  }
};

template <typename V>
constexpr Kernel MakeKernel(std::string_view name) {
  return {name, &SurveyOf<V>::Bf16, &SurveyOf<V>::F16, &SurveyOf<V>::F32, &SurveyOf<V>::F64};
}

}  // namespace
}  // namespace plumb::survey

#endif  // PLUMB_FORMATS_WEIGHTS_VALUE_SURVEY_LANES_H_
