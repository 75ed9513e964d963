// Whether two tensors hold the same values, and if not, whether their element types are the reason.
#ifndef PLUMB_COMPARISON_COMPARE_VALUES_H_
#define PLUMB_COMPARISON_COMPARE_VALUES_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/naming/tensor_layout.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// A tensor and how it is brought to the common form. Borrows.
struct LaidOut {
  const TensorSource* source = nullptr;
  const SourceTensor* tensor = nullptr;
  TensorLayout layout;
};

// From the most to the least alike.
enum class Finding {
  kEqual,         // The same numbers.
  kRounded,       // One side is the other, rounded to its type to nearest, ties to even.
  kQuantised,     // One side is the other as our quantiser (docs/gguf.md) encodes it, bit for bit.
  kWithinBounds,  // Types differ, and no element is farther away than their steps allow (docs/naming.md).
  kNoBound,       // Values differ, and one type is one of which no bound is known.
  kDiffers,       // Types do not explain it.
  kNotCompared,   // Types that are no numbers, with other bytes; rows too long to turn round.
};

struct ValueComparison {
  Finding finding = Finding::kNotCompared;
  // For kRounded and kQuantised: A is the one that was made from B.
  bool a_is_made = false;
  // Whether the norms below were taken. In double, over elements decoded to float32.
  bool measured = false;
  double difference_l2 = 0;   // ||B - A||
  double relative_l2 = 0;     // ||B - A|| / ||A||; infinite when A is zero and B is not.
  double difference_max = 0;  // max |B - A|; infinite where only one is finite.
  uint64_t largest_at = 0;    // The element of the common form at which it is.
  uint64_t elements = 0;
  uint64_t different = 0;  // Elements that are not the same; NaN is the same as NaN.
  // Of two types with known bounds: elements that are farther off than these say.
  uint64_t beyond_bounds = 0;
  // Types are alike and values are not, but stay within what quantising twice could leave.
  bool both_quantised = false;
};

// Called between pieces with the elements done so far; its error ends the work.
using ComparisonCheck = std::function<absl::Status(uint64_t elements)>;

// Reads both in pieces of 2^18 elements, or of a row where one that is turned round is longer.
// REQUIRES: the common shapes are the same but for dimensions of 1; RowsFit.
absl::StatusOr<ValueComparison> CompareValues(const LaidOut& a, const LaidOut& b, const ComparisonCheck& check);

// Whether the first elements, a few thousand or a row, are near each other: false when CompareValues would surely find
// a difference. Cheap, for trying layouts. REQUIRES: as CompareValues.
absl::StatusOr<bool> LookAlike(const LaidOut& a, const LaidOut& b);

}  // namespace plumb

#endif  // PLUMB_COMPARISON_COMPARE_VALUES_H_
