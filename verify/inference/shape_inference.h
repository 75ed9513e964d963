// Parts of InferShape, by the kind of operator.
#ifndef PLUMB_VERIFY_INFERENCE_SHAPE_INFERENCE_H_
#define PLUMB_VERIFY_INFERENCE_SHAPE_INFERENCE_H_

#include <span>

#include "absl/status/statusor.h"
#include "plumb/inference/graph.h"

namespace plumb {

// The attributes as T; its defaults when they are others.
template <typename T>
const T& As(const Attributes& attributes) {
  static const T kDefault{};
  const T* held = std::get_if<T>(&attributes);
  return held != nullptr ? *held : kDefault;
}

// Convolutions, pooling and resizing.
absl::StatusOr<Shape> InferWindowShape(OpKind op, const Attributes& attributes, std::span<const Node* const> operands);
// Joining, padding, broadcasting, gathering by index, scattering, and operators along a dimension.
absl::StatusOr<Shape> InferIndexedShape(OpKind op, const Attributes& attributes, std::span<const Node* const> operands);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_SHAPE_INFERENCE_H_
