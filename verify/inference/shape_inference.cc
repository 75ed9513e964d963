#include "verify/inference/shape_inference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/inference/graph.h"

namespace plumb {
namespace {

using Operands = std::span<const Node* const>;

absl::Status Mismatch(std::string_view what, const Shape& found, std::string_view expected) {
  return InvalidArgument(fmt::format("{} has shape {}, expected {}", what, ShapeText(found), expected));
}

absl::Status CheckAxis(uint32_t axis, const Shape& shape) {
  if (axis < shape.size()) return absl::OkStatus();
  return InvalidArgument(fmt::format("{} has no dimension {}", ShapeText(shape), axis));
}

absl::StatusOr<Shape> InferGather(const GatherAttributes& attributes, Operands operands) {
  const Shape& table = operands[0]->shape;
  if (table.empty()) return Mismatch("table", table, "at least one dimension");
  PLUMB_RETURN_IF_ERROR(CheckAxis(attributes.axis, table));
  Shape shape(table.begin(), table.begin() + attributes.axis);
  shape.insert(shape.end(), operands[1]->shape.begin(), operands[1]->shape.end());
  shape.insert(shape.end(), table.begin() + attributes.axis + 1, table.end());
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

absl::StatusOr<Shape> InferRmsNorm(const RmsNormAttributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (x.empty()) return Mismatch("the operand", x, "at least one dimension");
  if (operands[1]->shape != Shape{x.back()}) {
    return Mismatch("the gain", operands[1]->shape, fmt::format("[{}]", x.back()));
  }
  if (!(attributes.epsilon >= 0) || std::isinf(attributes.epsilon)) {
    return InvalidArgument(fmt::format("epsilon is {}, expected a finite number >= 0", attributes.epsilon));
  }
  return x;
}

absl::StatusOr<Shape> InferRope(const RopeAttributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (x.size() != 3) return Mismatch("the operand", x, "[batch, positions, width]");
  if (attributes.head_size == 0 || x[2] % attributes.head_size != 0) {
    return InvalidArgument(fmt::format("width {} does not divide into heads of {}", x[2], attributes.head_size));
  }
  if (attributes.frequencies.empty() || 2 * attributes.frequencies.size() > attributes.head_size) {
    return InvalidArgument(fmt::format("{} pairs are turned in heads of {}, expected 1 to {}",
                                       attributes.frequencies.size(), attributes.head_size, attributes.head_size / 2));
  }
  return x;
}

absl::StatusOr<Shape> InferLayerNorm(const LayerNormAttributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (x.empty()) return Mismatch("the operand", x, "at least one dimension");
  const Shape expected = {x.back()};
  if (operands[1]->shape != expected) return Mismatch("the gain", operands[1]->shape, ShapeText(expected));
  if (operands.size() > 2 && operands[2]->shape != expected) {
    return Mismatch("the bias", operands[2]->shape, ShapeText(expected));
  }
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
  const bool forward = range.step > 0;
  bool fits = range.axis < x.size() && range.step != 0;
  if (fits) {
    const auto size = static_cast<int64_t>(x[range.axis]);
    fits = forward ? 0 <= range.begin && range.begin <= range.end && range.end <= size
                   : -1 <= range.end && range.end <= range.begin && range.begin < size;
  }
  if (!fits) {
    return InvalidArgument(fmt::format("[{}, {}) by {} of dimension {} lies outside {}", range.begin, range.end,
                                       range.step, range.axis, ShapeText(x)));
  }
  Shape shape = x;
  const uint64_t distance = static_cast<uint64_t>(forward ? range.end - range.begin : range.begin - range.end);
  const uint64_t step = forward ? static_cast<uint64_t>(range.step) : -static_cast<uint64_t>(range.step);
  shape[range.axis] = distance / step + (distance % step != 0 ? 1 : 0);
  return shape;
}

absl::StatusOr<Shape> InferAttention(const AttentionAttributes& attributes, Operands operands) {
  const Shape& q = operands[0]->shape;
  const Shape& k = operands[1]->shape;
  const Shape& v = operands[2]->shape;
  const uint64_t heads = attributes.heads;
  const uint64_t groups = attributes.kv_heads == 0 ? heads : attributes.kv_heads;
  if (q.size() != 3) return Mismatch("q", q, "[batch, positions, width]");
  if (heads == 0 || q[2] % heads != 0) {
    return InvalidArgument(fmt::format("width {} does not divide into {} heads", q[2], heads));
  }
  if (heads % groups != 0) {
    return InvalidArgument(fmt::format("{} heads do not share {} heads of keys", heads, groups));
  }
  const uint64_t head_size = q[2] / heads;
  if (k.size() != 3 || k[0] != q[0] || k[2] != groups * head_size) {
    return Mismatch("k", k, fmt::format("[{}, positions, {}]", q[0], groups * head_size));
  }
  if (v.size() != 3 || v[0] != k[0] || v[1] != k[1] || v[2] % groups != 0) {
    return Mismatch("v", v, fmt::format("[{}, {}, a multiple of {}]", k[0], k[1], groups));
  }
  if (attributes.window != 0 && !attributes.causal) return InvalidArgument("a window needs causal attention");
  return Shape{q[0], q[1], v[2] / groups * heads};
}

// Operands that an operator takes at least and at most.
std::pair<size_t, size_t> Arity(OpKind op) {
  switch (op) {
    case OpKind::kInput:
    case OpKind::kWeight:
    case OpKind::kConstant:
      return {0, 0};
    case OpKind::kGather:
    case OpKind::kGatherElements:
    case OpKind::kGatherNd:
    case OpKind::kBinary:
    case OpKind::kRmsNorm:
      return {2, 2};
    case OpKind::kPad:
      return {1, 2};
    case OpKind::kMatMul:
    case OpKind::kConv:
    case OpKind::kConvTranspose:
    case OpKind::kLayerNorm:
      return {2, 3};
    case OpKind::kWhere:
    case OpKind::kScatterElements:
    case OpKind::kScatterNd:
      return {3, 3};
    case OpKind::kAttention:
      return {3, 4};
    case OpKind::kConcat:
      return {1, limits::kGraphNodesMax};
    default:
      return {1, 1};
  }
}

// Operators whose results have the first operand's shape, whatever it is.
absl::StatusOr<Shape> InferSame(OpKind op, Operands operands) {
  const Shape& x = operands[0]->shape;
  const size_t rank_min = op == OpKind::kSoftmax ? 1 : op == OpKind::kCausalMask ? 2 : 0;
  if (x.size() >= rank_min) return x;
  return Mismatch("the operand", x, rank_min == 1 ? "at least one dimension" : "at least two dimensions");
}

absl::StatusOr<Shape> InferElementwise(OpKind op, Operands operands) {
  if (op == OpKind::kBinary) return InferBinary(operands[0]->shape, operands[1]->shape);
  PLUMB_ASSIGN_OR_RETURN(Shape values, InferBinary(operands[1]->shape, operands[2]->shape));
  return InferBinary(operands[0]->shape, values);
}

}  // namespace

absl::StatusOr<Shape> InferShape(OpKind op, const Attributes& attributes, Operands operands) {
  auto [least, most] = Arity(op);
  if (operands.size() < least || operands.size() > most) {
    return InvalidArgument(fmt::format("has {} operands, expected {} to {}", operands.size(), least, most));
  }
  switch (op) {
    case OpKind::kInput:
    case OpKind::kWeight:
    case OpKind::kConstant:
      return InvalidArgument("a leaf has the shape it is given");
    case OpKind::kGather:
      return InferGather(As<GatherAttributes>(attributes), operands);
    case OpKind::kUnary:
    case OpKind::kCast:
    case OpKind::kScale:
    case OpKind::kSoftmax:
    case OpKind::kCausalMask:
      return InferSame(op, operands);
    case OpKind::kBinary:
    case OpKind::kWhere:
      return InferElementwise(op, operands);
    case OpKind::kMatMul:
      return InferMatMul(As<MatMulAttributes>(attributes), operands);
    case OpKind::kLayerNorm:
      return InferLayerNorm(As<LayerNormAttributes>(attributes), operands);
    case OpKind::kReshape:
      return InferReshape(As<ReshapeAttributes>(attributes), operands[0]->shape);
    case OpKind::kTranspose:
      return InferTranspose(As<TransposeAttributes>(attributes), operands[0]->shape);
    case OpKind::kSlice:
      return InferSlice(As<SliceAttributes>(attributes), operands[0]->shape);
    case OpKind::kRmsNorm:
      return InferRmsNorm(As<RmsNormAttributes>(attributes), operands);
    case OpKind::kRope:
      return InferRope(As<RopeAttributes>(attributes), operands);
    case OpKind::kAttention:
      return InferAttention(As<AttentionAttributes>(attributes), operands);
    case OpKind::kConv:
    case OpKind::kConvTranspose:
    case OpKind::kPool:
    case OpKind::kResize:
      return InferWindowShape(op, attributes, operands);
    default:
      return InferIndexedShape(op, attributes, operands);
  }
}

}  // namespace plumb
