// Tensors of three and more dimensions whose axes stand in another order: kernels of convolutions, which PyTorch and
// ONNX keep as [out, in, height, width], TensorFlow and Flax as [height, width, in, out], TensorFlow Lite as
// [out, height, width, in].
#ifndef PLUMB_COMPARISON_AXES_H_
#define PLUMB_COMPARISON_AXES_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/comparison/compare_values.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// The orders of `shape`'s axes in which kernels are stored and that make `wanted` of it, but for dimensions of 1: axis
// i of the result is axis order[i]. Not the order in which they stand. Empty below three dimensions.
std::vector<std::vector<size_t>> KernelOrders(const std::vector<uint64_t>& shape, const std::vector<uint64_t>& wanted);

// The comparison of A with B under the first order of B's axes that explains all values; nullopt when none does, or for
// block types and tensors that lie in pieces. `words` says which: `axes 3, 2, 0, 1`. What reading returns.
struct TurnedComparison {
  ValueComparison values;
  std::string words;
};
absl::StatusOr<std::optional<TurnedComparison>> CompareTurned(const LaidOut& a, const LaidOut& b,
                                                              const ComparisonCheck& check);

// Whether B is A with every output (the first axis) scaled by a factor of its own, as folding a normalisation into the
// map before it leaves it. Of tensors of one shape and two or more dimensions, at most 2^24 elements in a row.
absl::StatusOr<bool> IsScaledByRow(const LaidOut& a, const LaidOut& b, const ComparisonCheck& check);

}  // namespace plumb

#endif  // PLUMB_COMPARISON_AXES_H_
