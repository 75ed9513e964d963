// Tensors that names leave without a counterpart: what else explains them.
#ifndef PLUMB_CLIENT_LIBRARY_LONE_TENSORS_H_
#define PLUMB_CLIENT_LIBRARY_LONE_TENSORS_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/comparison/axes.h"
#include "plumb/comparison/compare_values.h"

namespace plumb {

// Indices into the two lists.
struct TurnedMatch {
  size_t a = 0;
  size_t b = 0;
  TurnedComparison found;
};

// Pairs kernels whose values are explained when their axes are reordered (CompareTurned); each once. Looks at no more
// than 10,000 pairs.
absl::StatusOr<std::vector<TurnedMatch>> MatchTurned(std::span<const LaidOut> a, std::span<const LaidOut> b,
                                                     const ComparisonCheck& check);

// Of an ONNX graph: a tensor that says how to compute (a shape, axes, an epsilon) and is no weight. Whole numbers of 32
// and 64 bits, bools; one number under a name that an exporter made up.
bool IsGraphConstant(const SourceTensor& tensor);

// A name that an exporter made up: `onnx::MatMul_123`, `/layer/Constant_output_0`, `val_12`, `123`.
bool HasMadeUpName(std::string_view name);

// Whether what is left of a model may have been folded into what is left of its graph: every map of the model with two
// or more dimensions has a counterpart of its shape that is it with its rows scaled, the rest are vectors, and all
// names of the graph's are made up. Then the values of the vectors cannot be told.
absl::StatusOr<bool> MayBeFolded(std::span<const LaidOut> model, std::span<const LaidOut> graph,
                                 const ComparisonCheck& check);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_LONE_TENSORS_H_
