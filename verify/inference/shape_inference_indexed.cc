#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/shape_inference.h"

namespace plumb {
namespace {

using Operands = std::span<const Node* const>;

absl::Status NoAxis(uint32_t axis, const Shape& shape) {
  return InvalidArgument(fmt::format("{} has no dimension {}", ShapeText(shape), axis));
}

absl::StatusOr<Shape> InferConcat(uint32_t axis, Operands operands) {
  Shape shape = operands[0]->shape;
  if (axis >= shape.size()) return NoAxis(axis, shape);
  for (size_t i = 1; i < operands.size(); ++i) {
    Shape part = operands[i]->shape;
    if (part.size() != shape.size()) {
      return InvalidArgument(fmt::format("{} and {} differ in rank", ShapeText(shape), ShapeText(part)));
    }
    const uint64_t size = part[axis];
    part[axis] = shape[axis];
    if (part != shape || shape[axis] + size < size) {
      return InvalidArgument(fmt::format("operand {} of shape {} does not continue {} along dimension {}", i,
                                         ShapeText(operands[i]->shape), ShapeText(shape), axis));
    }
    shape[axis] += size;
  }
  return shape;
}

absl::StatusOr<Shape> InferPad(const PadAttributes& pad, Operands operands) {
  Shape shape = operands[0]->shape;
  if (pad.before.size() != shape.size() || pad.after.size() != shape.size()) {
    return InvalidArgument(fmt::format("widths are not given for each dimension of {}", ShapeText(shape)));
  }
  if (operands.size() > 1 && ElementCount(operands[1]->shape) != 1) return InvalidArgument("the fill is not one value");
  constexpr int64_t kWidthMax = int64_t{1} << 40;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool bounded = std::abs(pad.before[i]) <= kWidthMax && std::abs(pad.after[i]) <= kWidthMax;
    const int64_t size = bounded ? static_cast<int64_t>(shape[i]) + pad.before[i] + pad.after[i] : -1;
    const bool source = shape[i] > 0 || (pad.before[i] <= 0 && pad.after[i] <= 0);
    if (size < 0 || (pad.mode != PadMode::kConstant && !source)) {
      return InvalidArgument(fmt::format("dimension {} of {} cannot be padded by {} and {}", i, ShapeText(shape),
                                         pad.before[i], pad.after[i]));
    }
    shape[i] = static_cast<uint64_t>(size);
  }
  return shape;
}

absl::StatusOr<Shape> InferExpand(const Shape& wanted, const Shape& x) {
  bool fits = x.size() <= wanted.size();
  for (size_t i = 0; fits && i < x.size(); ++i) {
    const uint64_t from = x[x.size() - 1 - i];
    fits = from == 1 || from == wanted[wanted.size() - 1 - i];
  }
  if (fits) return wanted;
  return InvalidArgument(fmt::format("{} does not broadcast to {}", ShapeText(x), ShapeText(wanted)));
}

absl::StatusOr<Shape> InferGatherElements(uint32_t axis, Operands operands) {
  const Shape& x = operands[0]->shape;
  const Shape& ids = operands[1]->shape;
  if (axis >= x.size()) return NoAxis(axis, x);
  bool fits = ids.size() == x.size();
  for (size_t i = 0; fits && i < x.size(); ++i) fits = i == axis || ids[i] <= x[i];
  if (fits) return ids;
  return InvalidArgument(fmt::format("ids of shape {} do not lie within {}", ShapeText(ids), ShapeText(x)));
}

absl::StatusOr<Shape> InferGatherNd(const GatherNdAttributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  const Shape& ids = operands[1]->shape;
  const size_t batch = attributes.batch_dimensions;
  bool fits = !ids.empty() && batch < ids.size() && batch <= x.size() && ids.back() <= x.size() - batch &&
              std::equal(x.begin(), x.begin() + static_cast<ptrdiff_t>(batch), ids.begin());
  if (!fits) {
    return InvalidArgument(
        fmt::format("ids of shape {} do not index {} after {} batch dimensions", ShapeText(ids), ShapeText(x), batch));
  }
  Shape shape(ids.begin(), ids.end() - 1);
  shape.insert(shape.end(), x.begin() + static_cast<ptrdiff_t>(batch + ids.back()), x.end());
  return shape;
}

absl::StatusOr<Shape> InferScatterElements(const ScatterAttributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (attributes.axis >= x.size()) return NoAxis(attributes.axis, x);
  PLUMB_ASSIGN_OR_RETURN(Shape places, InferGatherElements(attributes.axis, operands.first(2)));
  if (operands[2]->shape == places) return x;
  return InvalidArgument(
      fmt::format("updates have shape {}, expected {}", ShapeText(operands[2]->shape), ShapeText(places)));
}

absl::StatusOr<Shape> InferScatterNd(Operands operands) {
  PLUMB_ASSIGN_OR_RETURN(Shape places, InferGatherNd({}, operands.first(2)));
  if (operands[2]->shape == places) return operands[0]->shape;
  return InvalidArgument(
      fmt::format("updates have shape {}, expected {}", ShapeText(operands[2]->shape), ShapeText(places)));
}

// `shape` without dimension `axis`, or with it at size 1.
Shape Without(Shape shape, uint32_t axis, bool keep) {
  if (keep) {
    shape[axis] = 1;
  } else {
    shape.erase(shape.begin() + axis);
  }
  return shape;
}

absl::StatusOr<Shape> InferReduce(const ReduceAttributes& reduce, Shape shape) {
  for (size_t i = reduce.axes.size(); i-- > 0;) {
    const bool ordered = i == 0 || reduce.axes[i - 1] < reduce.axes[i];
    if (!ordered || reduce.axes[i] >= shape.size()) return NoAxis(reduce.axes[i], shape);
    shape = Without(std::move(shape), reduce.axes[i], reduce.keep);
  }
  return shape;
}

absl::StatusOr<Shape> InferArgReduce(const ArgReduceAttributes& reduce, const Shape& x) {
  if (reduce.axis >= x.size()) return NoAxis(reduce.axis, x);
  if (x[reduce.axis] == 0)
    return InvalidArgument(fmt::format("dimension {} of {} is empty", reduce.axis, ShapeText(x)));
  return Without(x, reduce.axis, reduce.keep);
}

absl::StatusOr<Shape> InferTopK(const TopKAttributes& top, const Shape& x) {
  if (top.axis >= x.size()) return NoAxis(top.axis, x);
  if (top.k > x[top.axis]) {
    return InvalidArgument(fmt::format("dimension {} of {} has fewer than {} elements", top.axis, ShapeText(x), top.k));
  }
  Shape shape = x;
  shape[top.axis] = top.k;
  return shape;
}

}  // namespace

absl::StatusOr<Shape> InferIndexedShape(OpKind op, const Attributes& attributes, Operands operands) {
  const Shape& x = operands[0]->shape;
  switch (op) {
    case OpKind::kConcat:
      return InferConcat(As<AxisAttributes>(attributes).axis, operands);
    case OpKind::kPad:
      return InferPad(As<PadAttributes>(attributes), operands);
    case OpKind::kExpand:
      return InferExpand(As<ReshapeAttributes>(attributes).shape, x);
    case OpKind::kGatherElements:
      return InferGatherElements(As<AxisAttributes>(attributes).axis, operands);
    case OpKind::kGatherNd:
      return InferGatherNd(As<GatherNdAttributes>(attributes), operands);
    case OpKind::kScatterElements:
      return InferScatterElements(As<ScatterAttributes>(attributes), operands);
    case OpKind::kScatterNd:
      return InferScatterNd(operands);
    case OpKind::kReduce:
      return InferReduce(As<ReduceAttributes>(attributes), x);
    case OpKind::kArgReduce:
      return InferArgReduce(As<ArgReduceAttributes>(attributes), x);
    case OpKind::kCumSum:
      if (As<CumSumAttributes>(attributes).axis >= x.size()) return NoAxis(As<CumSumAttributes>(attributes).axis, x);
      return x;
    case OpKind::kTopK:
      return InferTopK(As<TopKAttributes>(attributes), x);
    default:
      return InvalidArgument("unknown operator");
  }
}

}  // namespace plumb
