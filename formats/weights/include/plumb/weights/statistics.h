// What the values of a tensor are like: extremes, mean, spread, and how many are no proper numbers.
#ifndef PLUMB_WEIGHTS_STATISTICS_H_
#define PLUMB_WEIGHTS_STATISTICS_H_

#include <cstdint>
#include <functional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Plain value. Everything but the counts is about finite values alone, and 0 when there are none.
struct TensorStatistics {
  uint64_t count = 0;  // All elements.
  uint64_t zeros = 0;  // Of either sign.
  uint64_t nans = 0;
  uint64_t infinities = 0;  // Of either sign.
  // Blocks of a quantised type whose scale is NaN or infinite, so that none of their elements means anything; some
  // types decode such blocks to finite numbers.
  uint64_t bad_blocks = 0;
  double min = 0;
  double max = 0;
  double mean = 0;
  double deviation = 0;  // Standard deviation of the population.

  uint64_t finite_count() const { return count - nans - infinities; }
  // The largest magnitude.
  double absmax() const;
};

// Takes values piece by piece; sums are in double precision and stable for values far from 0. The same pieces give the
// same figures, to the last bit, on every processor. Copyable; not thread-safe.
class StatisticsSum {
 public:
  void Add(std::span<const float> values);
  // True for the types whose values can be added as they stand in a file: F16, BF16, F32 and F64.
  static bool TakesBytes(DType dtype);
  // Whole little-endian elements of such a type: several times as fast as decoding them first, and doubles keep their
  // range.
  void AddBytes(DType dtype, std::span<const uint8_t> bytes);
  // As if the other's values had been added here.
  void Merge(const StatisticsSum& other);
  TensorStatistics Result() const;

 private:
  void MergeMoments(uint64_t count, double mean, double squares);

  TensorStatistics counts_;  // Without mean and deviation.
  double mean_ = 0;
  double squares_ = 0;  // Sum of squared distances from the mean.
};

// Reads a tensor that `source` returned through a buffer of 256 KiB. `check` is called between pieces; its error ends
// the work. INVALID_ARGUMENT for types that are not decoded to numbers (TensorSource::ReadF32).
absl::StatusOr<TensorStatistics> StatisticsOf(const TensorSource& source, const SourceTensor& tensor,
                                              const std::function<absl::Status(uint64_t elements)>& check);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_STATISTICS_H_
