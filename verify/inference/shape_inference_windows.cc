#include <cmath>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "verify/inference/shape_inference.h"

namespace plumb {
namespace {

using Operands = std::span<const Node* const>;

// A padding or stride past this is no model's, and sums of them cannot overflow.
constexpr uint64_t kStepMax = 1u << 24;

absl::Status CheckWindow(const WindowAttributes& window, size_t spatial, const Shape& kernel) {
  if (spatial == 0) return InvalidArgument("there is no spatial dimension");
  const bool sized = window.strides.size() == spatial && window.dilations.size() == spatial &&
                     window.pads_before.size() == spatial && window.pads_after.size() == spatial &&
                     kernel.size() == spatial;
  if (!sized) return InvalidArgument(fmt::format("attributes are not given for {} spatial dimensions", spatial));
  for (size_t i = 0; i < spatial; ++i) {
    const bool steps = window.strides[i] >= 1 && window.strides[i] <= kStepMax && window.dilations[i] >= 1 &&
                       window.dilations[i] <= kStepMax && kernel[i] >= 1 && kernel[i] <= kStepMax;
    auto bounded = [](int64_t pad) {
      return -static_cast<int64_t>(kStepMax) <= pad && pad <= static_cast<int64_t>(kStepMax);
    };
    if (!steps || !bounded(window.pads_before[i]) || !bounded(window.pads_after[i])) {
      return InvalidArgument(
          fmt::format("kernel, stride, dilation or padding of spatial dimension {} is out of range", i));
    }
  }
  return absl::OkStatus();
}

// Positions that the window of spatial dimension i covers: from its first to its last element.
int64_t Reach(const WindowAttributes& window, const Shape& kernel, size_t i) {
  return static_cast<int64_t>((kernel[i] - 1) * window.dilations[i] + 1);
}

// Places of the window along each spatial dimension of `x`.
absl::StatusOr<Shape> Places(const WindowAttributes& window, const Shape& kernel, const Shape& x, bool round_up) {
  Shape places;
  for (size_t i = 0; i < kernel.size(); ++i) {
    const int64_t padded = static_cast<int64_t>(x[i + 2]) + window.pads_before[i] + window.pads_after[i];
    const int64_t room = padded - Reach(window, kernel, i);
    const auto stride = static_cast<int64_t>(window.strides[i]);
    if (room < 0 && !(round_up && room + stride > 0)) {
      return InvalidArgument(fmt::format("a window of [{}] does not fit {}", fmt::join(kernel, ", "), ShapeText(x)));
    }
    int64_t count = room < 0 ? 1 : room / stride + 1;
    if (round_up && room >= 0 && room % stride != 0) {
      // A window that would begin in the padding after the end is left out.
      if (count * stride < static_cast<int64_t>(x[i + 2]) + window.pads_before[i]) ++count;
    }
    places.push_back(static_cast<uint64_t>(count));
  }
  return places;
}

absl::Status CheckBias(Operands operands, uint64_t channels) {
  if (operands.size() < 3 || operands[2]->shape == Shape{channels}) return absl::OkStatus();
  return InvalidArgument(fmt::format("the bias has shape {}, expected [{}]", ShapeText(operands[2]->shape), channels));
}

absl::StatusOr<Shape> InferConv(const WindowAttributes& window, Operands operands) {
  const Shape& x = operands[0]->shape;
  const Shape& w = operands[1]->shape;
  if (x.size() < 3 || w.size() != x.size()) {
    return InvalidArgument(
        fmt::format("{} and filters {} are not of one rank of at least 3", ShapeText(x), ShapeText(w)));
  }
  const Shape kernel(w.begin() + 2, w.end());
  PLUMB_RETURN_IF_ERROR(CheckWindow(window, kernel.size(), kernel));
  if (window.groups == 0 || w[0] == 0 || w[0] % window.groups != 0 || x[1] % window.groups != 0 ||
      w[1] != x[1] / window.groups) {
    return InvalidArgument(
        fmt::format("filters {} do not fit {} channels in {} groups", ShapeText(w), x[1], window.groups));
  }
  PLUMB_RETURN_IF_ERROR(CheckBias(operands, w[0]));
  PLUMB_ASSIGN_OR_RETURN(Shape places, Places(window, kernel, x, false));
  places.insert(places.begin(), {x[0], w[0]});
  return places;
}

absl::StatusOr<Shape> InferConvTranspose(const WindowAttributes& window, Operands operands) {
  const Shape& x = operands[0]->shape;
  const Shape& w = operands[1]->shape;
  if (x.size() < 3 || w.size() != x.size()) {
    return InvalidArgument(
        fmt::format("{} and filters {} are not of one rank of at least 3", ShapeText(x), ShapeText(w)));
  }
  const Shape kernel(w.begin() + 2, w.end());
  PLUMB_RETURN_IF_ERROR(CheckWindow(window, kernel.size(), kernel));
  if (window.groups == 0 || w[0] == 0 || w[0] != x[1] || w[0] % window.groups != 0) {
    return InvalidArgument(
        fmt::format("filters {} do not fit {} channels in {} groups", ShapeText(w), x[1], window.groups));
  }
  if (window.output_padding.size() != kernel.size()) return InvalidArgument("output padding is not given");
  const uint64_t channels = w[1] * window.groups;
  PLUMB_RETURN_IF_ERROR(CheckBias(operands, channels));
  Shape shape = {x[0], channels};
  for (size_t i = 0; i < kernel.size(); ++i) {
    if (x[i + 2] == 0 || x[i + 2] > kStepMax || window.output_padding[i] > kStepMax) {
      return InvalidArgument(fmt::format("spatial dimension {} is out of range", i));
    }
    const int64_t size = static_cast<int64_t>((x[i + 2] - 1) * window.strides[i]) + Reach(window, kernel, i) +
                         static_cast<int64_t>(window.output_padding[i]) - window.pads_before[i] - window.pads_after[i];
    if (size < 0) return InvalidArgument(fmt::format("padding leaves nothing of spatial dimension {}", i));
    shape.push_back(static_cast<uint64_t>(size));
  }
  return shape;
}

absl::StatusOr<Shape> InferPool(const PoolAttributes& pool, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (x.size() < 3) return InvalidArgument(fmt::format("{} has no spatial dimension", ShapeText(x)));
  PLUMB_RETURN_IF_ERROR(CheckWindow(pool.window, x.size() - 2, pool.window.kernel));
  PLUMB_ASSIGN_OR_RETURN(Shape places, Places(pool.window, pool.window.kernel, x, pool.round_up));
  places.insert(places.begin(), {x[0], x[1]});
  return places;
}

absl::StatusOr<Shape> InferResize(const ResizeAttributes& resize, Operands operands) {
  const Shape& x = operands[0]->shape;
  if (resize.shape.size() != x.size() || resize.scales.size() != x.size()) {
    return InvalidArgument(fmt::format("sizes or scales are not given for each dimension of {}", ShapeText(x)));
  }
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(resize.scales[i] > 0) || std::isinf(resize.scales[i]) || (x[i] == 0 && resize.shape[i] != 0)) {
      return InvalidArgument(fmt::format("dimension {} cannot be resized from {} to {}", i, x[i], resize.shape[i]));
    }
  }
  if (resize.coordinates == ResizeCoordinates::kCropAndResize && resize.region.size() != 2 * x.size()) {
    return InvalidArgument("the region is not given for each dimension");
  }
  return resize.shape;
}

}  // namespace

absl::StatusOr<Shape> InferWindowShape(OpKind op, const Attributes& attributes, Operands operands) {
  switch (op) {
    case OpKind::kConv:
      return InferConv(As<WindowAttributes>(attributes), operands);
    case OpKind::kConvTranspose:
      return InferConvTranspose(As<WindowAttributes>(attributes), operands);
    case OpKind::kPool:
      return InferPool(As<PoolAttributes>(attributes), operands);
    default:
      return InferResize(As<ResizeAttributes>(attributes), operands);
  }
}

}  // namespace plumb
