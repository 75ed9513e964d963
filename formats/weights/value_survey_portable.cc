// No particular instructions: two lanes at a time where the compiler finds how.
#define PLUMB_SURVEY_TARGET
#include <array>

#include "formats/weights/value_survey_lanes.h"

namespace plumb::survey {
namespace {

struct Portable {
  static constexpr size_t kWidth = kLanes;
  using Vec = std::array<double, kWidth>;
  using Count = uint64_t;

  template <typename F>
  static Vec Each(F f) {
    Vec result;
    for (size_t i = 0; i < kWidth; ++i) result[i] = f(i);
    return result;
  }
  template <Stored kStored>
  static void Load(const uint8_t* bytes, Vec* values) {
    *values = Each([bytes](size_t i) { return ValueAt<kStored>(bytes + i * StoredBytes(kStored)); });
  }
  static void Store(const Vec& value, double* out) {
    for (size_t i = 0; i < kWidth; ++i) out[i] = value[i];
  }
  static Vec Broadcast(double value) {
    return Each([value](size_t) { return value; });
  }
  static Vec Min(const Vec& a, const Vec& b) {
    return Each([&](size_t i) { return a[i] < b[i] ? a[i] : b[i]; });
  }
  static Vec Max(const Vec& a, const Vec& b) {
    return Each([&](size_t i) { return a[i] > b[i] ? a[i] : b[i]; });
  }
  static Vec Add(const Vec& a, const Vec& b) {
    return Each([&](size_t i) { return a[i] + b[i]; });
  }
  static Vec Subtract(const Vec& a, const Vec& b) {
    return Each([&](size_t i) { return a[i] - b[i]; });
  }
  static Vec Multiply(const Vec& a, const Vec& b) {
    return Each([&](size_t i) { return a[i] * b[i]; });
  }
  static Count NoCount() { return 0; }
  static Count CountZeros(Count count, const Vec& values) {
    for (double value : values) count += value == 0 ? 1 : 0;
    return count;
  }
  static uint64_t Total(Count count) { return count; }
};

}  // namespace

constinit const Kernel kPortable = MakeKernel<Portable>("portable");

}  // namespace plumb::survey
