#include <algorithm>
#include <cmath>
#include <numeric>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/inference/graph.h"

namespace plumb {
namespace {

using Operands = std::span<const Node* const>;

absl::Status Mismatch(std::string_view what, const Shape& found, std::string_view expected) {
  return InvalidArgument(fmt::format("{} has shape {}, expected {}", what, ShapeText(found), expected));
}

absl::StatusOr<Shape> InferGather(Operands operands) {
  if (operands[1]->type != ElementType::kI32) return InvalidArgument("ids are not int32");
  const Shape& table = operands[0]->shape;
  if (table.empty()) return Mismatch("table", table, "at least one dimension");
  Shape shape = operands[1]->shape;
  shape.insert(shape.end(), table.begin() + 1, table.end());
  return shape;
}

absl::StatusOr<Shape> InferBinary(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (size_t i = 0; i < shape.size(); ++i) {  // Counted from the last dimension.
    uint64_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1;
    uint64_t from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      return InvalidArgument(fmt::format("shapes {} and {} do not broadcast", ShapeText(a), ShapeText(b)));
    }
    shape[shape.size() - 1 - i] = from_a == 1 ? from_b : from_a;
  }
  return shape;
}

absl::StatusOr<Shape> InferMatMul(const MatMulAttributes& attributes, Operands operands) {
  const Shape& a = operands[0]->shape;
  const Shape& b = operands[1]->shape;
  if (a.size() < 2) return Mismatch("the left operand", a, "at least two dimensions");
  if (b.size() != 2 && b.size() != a.size())
    return Mismatch("the right operand", b, "two dimensions or as many as the left");
  uint64_t m = a[a.size() - (attributes.transpose_a ? 1 : 2)];
  uint64_t k = a[a.size() - (attributes.transpose_a ? 2 : 1)];
  uint64_t b_k = b[b.size() - (attributes.transpose_b ? 1 : 2)];
  uint64_t n = b[b.size() - (attributes.transpose_b ? 2 : 1)];
  if (k != b_k) {
    return InvalidArgument(fmt::format("{} times {}{}: inner dimensions {} and {} differ", ShapeText(a), ShapeText(b),
                                       attributes.transpose_b ? " transposed" : "", k, b_k));
  }
  if (b.size() > 2 && !std::equal(a.begin(), a.end() - 2, b.begin())) {
    return Mismatch("the right operand", b, fmt::format("the outer dimensions of {}", ShapeText(a)));
  }
  if (operands.size() == 3 && operands[2]->shape != Shape{n}) {
    return Mismatch("the bias", operands[2]->shape, fmt::format("[{}]", n));
  }
  Shape shape(a.begin(), a.end() - 2);
  shape.insert(shape.end(), {m, n});
  return shape;
}

absl::StatusOr<Shape> InferLayerNorm(const LayerNormAttributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (x.empty()) return Mismatch("the operand", x, "at least one dimension");
  const Shape expected = {x.back()};
  if (operands[1]->shape != expected) return Mismatch("the gain", operands[1]->shape, ShapeText(expected));
  if (operands[2]->shape != expected) return Mismatch("the bias", operands[2]->shape, ShapeText(expected));
  if (!(attributes.epsilon >= 0) || std::isinf(attributes.epsilon)) {
    return InvalidArgument(fmt::format("epsilon is {}, expected a finite number >= 0", attributes.epsilon));
  }
  return x;
}

absl::StatusOr<Shape> InferReshape(const ReshapeAttributes& attributes, const Shape& x) {
  if (ElementCount(attributes.shape) != ElementCount(x)) {
    return InvalidArgument(
        fmt::format("{} does not hold as many elements as {}", ShapeText(attributes.shape), ShapeText(x)));
  }
  return attributes.shape;
}

absl::StatusOr<Shape> InferTranspose(const TransposeAttributes& attributes, const Shape& x) {
  std::vector<uint32_t> sorted = attributes.permutation;
  std::sort(sorted.begin(), sorted.end());
  std::vector<uint32_t> identity(x.size());
  std::iota(identity.begin(), identity.end(), 0);
  if (sorted != identity) {
    return InvalidArgument(fmt::format("({}) is not a permutation of the dimensions of {}",
                                       fmt::join(attributes.permutation, ", "), ShapeText(x)));
  }
  Shape shape;
  for (uint32_t axis : attributes.permutation) shape.push_back(x[axis]);
  return shape;
}

absl::StatusOr<Shape> InferSlice(const SliceAttributes& range, const Shape& x) {
  if (range.axis >= x.size() || range.begin > range.end || range.end > x[range.axis]) {
    return InvalidArgument(
        fmt::format("[{}, {}) of dimension {} lies outside {}", range.begin, range.end, range.axis, ShapeText(x)));
  }
  Shape shape = x;
  shape[range.axis] = range.end - range.begin;
  return shape;
}

absl::StatusOr<Shape> InferAttention(const AttentionAttributes& attributes, Operands operands) {
  const Shape& q = operands[0]->shape;
  if (q.size() != 3) return Mismatch("q", q, "[batch, positions, width]");
  if (operands[1]->shape != q) return Mismatch("k", operands[1]->shape, ShapeText(q));
  if (operands[2]->shape != q) return Mismatch("v", operands[2]->shape, ShapeText(q));
  if (attributes.heads == 0 || q[2] % attributes.heads != 0) {
    return InvalidArgument(fmt::format("width {} does not divide into {} heads", q[2], attributes.heads));
  }
  return q;
}

// Operands that an operator takes at least and at most.
std::pair<size_t, size_t> Arity(OpKind op) {
  switch (op) {
    case OpKind::kInput:
    case OpKind::kWeight:
      return {0, 0};
    case OpKind::kGather:
    case OpKind::kBinary:
      return {2, 2};
    case OpKind::kMatMul:
      return {2, 3};
    case OpKind::kLayerNorm:
    case OpKind::kAttention:
      return {3, 3};
    default:
      return {1, 1};
  }
}

template <typename T>
const T& As(const Attributes& attributes) {
  static const T kDefault{};
  const T* held = std::get_if<T>(&attributes);
  return held != nullptr ? *held : kDefault;
}

}  // namespace

absl::StatusOr<Shape> InferShape(OpKind op, const Attributes& attributes, Operands operands) {
  auto [least, most] = Arity(op);
  if (operands.size() < least || operands.size() > most) {
    return InvalidArgument(fmt::format("has {} operands, expected {} to {}", operands.size(), least, most));
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    bool ids = op == OpKind::kGather && i == 1;
    if (!ids && operands[i]->type != ElementType::kF32)
      return InvalidArgument(fmt::format("operand {} is not float32", i));
  }
  switch (op) {
    case OpKind::kInput:
    case OpKind::kWeight:
      return InvalidArgument("a leaf has the shape it is given");
    case OpKind::kGather:
      return InferGather(operands);
    case OpKind::kUnary:
    case OpKind::kScale:
      return operands[0]->shape;
    case OpKind::kBinary:
      return InferBinary(operands[0]->shape, operands[1]->shape);
    case OpKind::kMatMul:
      return InferMatMul(As<MatMulAttributes>(attributes), operands);
    case OpKind::kLayerNorm:
      return InferLayerNorm(As<LayerNormAttributes>(attributes), operands);
    case OpKind::kSoftmax:
      if (operands[0]->shape.empty()) return Mismatch("the operand", operands[0]->shape, "at least one dimension");
      return operands[0]->shape;
    case OpKind::kCausalMask:
      if (operands[0]->shape.size() < 2) return Mismatch("the operand", operands[0]->shape, "at least two dimensions");
      return operands[0]->shape;
    case OpKind::kReshape:
      return InferReshape(As<ReshapeAttributes>(attributes), operands[0]->shape);
    case OpKind::kTranspose:
      return InferTranspose(As<TransposeAttributes>(attributes), operands[0]->shape);
    case OpKind::kSlice:
      return InferSlice(As<SliceAttributes>(attributes), operands[0]->shape);
    case OpKind::kAttention:
      return InferAttention(As<AttentionAttributes>(attributes), operands);
  }
  return InvalidArgument("unknown operator");
}

}  // namespace plumb
