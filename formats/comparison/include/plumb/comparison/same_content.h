// Tensors that names do not pair, paired by their values.
#ifndef PLUMB_COMPARISON_SAME_CONTENT_H_
#define PLUMB_COMPARISON_SAME_CONTENT_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/comparison/compare_values.h"

namespace plumb {

// Indices into the two lists.
struct ContentMatch {
  size_t a = 0;
  size_t b = 0;
  bool transposed = false;
};

// Pairs tensors whose values, decoded to float32, have the same SHA-256: of the same shape but for dimensions of 1, or
// one a matrix and the other its transpose. Each tensor once, in the order of `a`. Scalars, empty tensors and types
// that are no numbers are left out. Reads only tensors that have a counterpart of their size.
absl::StatusOr<std::vector<ContentMatch>> MatchByContent(std::span<const LaidOut> a, std::span<const LaidOut> b,
                                                         const ComparisonCheck& check);

}  // namespace plumb

#endif  // PLUMB_COMPARISON_SAME_CONTENT_H_
