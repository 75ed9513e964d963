// Resampling to another size.
#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

bool FindCoordinates(Call& c, ResizeAttributes& resize) {
  const std::string_view name = c.Text("coordinate_transformation_mode", c.version < 11 ? "asymmetric" : "half_pixel");
  using K = ResizeCoordinates;
  static constexpr std::pair<std::string_view, K> kNames[] = {
      {"half_pixel", K::kHalfPixel},
      {"pytorch_half_pixel", K::kPytorchHalfPixel},
      {"align_corners", K::kAlignCorners},
      {"asymmetric", K::kAsymmetric},
      {"tf_crop_and_resize", K::kCropAndResize},
      {"half_pixel_symmetric", K::kHalfPixelSymmetric},
  };
  for (const auto& [each, kind] : kNames) {
    if (each != name) continue;
    resize.coordinates = kind;
    return true;
  }
  c.e.Unsupported(fmt::format("coordinates by \"{}\"", name));
  return false;
}

bool FindKind(Call& c, ResizeAttributes& resize) {
  const std::string_view mode = c.Text("mode", "nearest");
  resize.kind = mode == "linear" || mode == "bilinear" ? ResizeKind::kLinear
                : mode == "cubic"                      ? ResizeKind::kCubic
                                                       : ResizeKind::kNearest;
  const std::string_view rounding = c.Text("nearest_mode", c.version < 11 ? "floor" : "round_prefer_floor");
  resize.rounding = rounding == "floor"               ? NearestRounding::kFloor
                    : rounding == "ceil"              ? NearestRounding::kCeil
                    : rounding == "round_prefer_ceil" ? NearestRounding::kRoundPreferCeil
                                                      : NearestRounding::kRoundPreferFloor;
  resize.cubic = c.Float("cubic_coeff_a", -0.75);
  resize.exclude_outside = c.Int("exclude_outside", 0) != 0;
  resize.extrapolation = c.Float("extrapolation_value", 0);
  if (c.Int("antialias", 0) != 0) return c.e.Unsupported("antialias"), false;
  return true;
}

// Which way the sizes keep the aspect ratio, if they do: one scale for all dimensions named.
void KeepAspect(Call& c, const Axes& axes, std::vector<double>& scales) {
  const std::string_view policy = c.Text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || axes.empty()) return;
  double scale = scales[axes[0]];
  for (uint32_t axis : axes) {
    scale = policy == "not_larger" ? std::min(scale, scales[axis]) : std::max(scale, scales[axis]);
  }
  for (uint32_t axis : axes) scales[axis] = scale;
}

// Sizes and scales of all dimensions from operands for those that `axes` names.
bool FindSizes(Call& c, const Value& scale_values, const Value& size_values, const Axes& axes,
               ResizeAttributes& resize) {
  const Shape& from = c.in(0).shape;
  resize.shape = from;
  resize.scales.assign(from.size(), 1);
  const bool by_size = size_values.present && size_values.count() > 0;
  const std::vector<double> numbers = c.e.Numbers(by_size ? size_values : scale_values);
  if (!c.e.ok()) return false;
  if (numbers.size() != axes.size()) return c.e.Fail("sizes or scales are not given for each dimension"), false;
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto size = static_cast<double>(from[axes[i]]);
    const double wanted = by_size ? numbers[i] : std::floor(size * numbers[i]);
    if (!(wanted >= 0 && wanted < 1e9) || !(numbers[i] > 0) || size == 0) {
      return c.e.Fail(fmt::format("a dimension of {} cannot be resized by {}", size, numbers[i])), false;
    }
    resize.shape[axes[i]] = static_cast<uint64_t>(wanted);
    resize.scales[axes[i]] = by_size ? wanted / size : numbers[i];
  }
  if (!by_size) return true;
  KeepAspect(c, axes, resize.scales);
  if (c.Text("keep_aspect_ratio_policy", "stretch") == "stretch") return true;
  for (uint32_t axis : axes) {
    resize.shape[axis] = static_cast<uint64_t>(std::floor(resize.scales[axis] * static_cast<double>(from[axis]) + 0.5));
  }
  return true;
}

bool FindRegion(Call& c, const Axes& axes, ResizeAttributes& resize) {
  if (resize.coordinates != ResizeCoordinates::kCropAndResize) return true;
  const size_t rank = c.in(0).rank();
  const std::vector<double> region = c.e.Numbers(c.in(1));
  if (!c.e.ok()) return false;
  if (region.size() != 2 * axes.size()) return c.e.Fail("the region is not two numbers for each dimension"), false;
  resize.region.assign(2 * rank, 0);
  std::fill(resize.region.begin() + static_cast<int64_t>(rank), resize.region.end(), 1);
  for (size_t i = 0; i < axes.size(); ++i) {
    resize.region[axes[i]] = region[i];
    resize.region[rank + axes[i]] = region[axes.size() + i];
  }
  return true;
}

// Operator set 11's coordinates for TensorFlow, (i + 0.5) / scale without half a pixel back: a gather.
void ResizeLikeTensorFlow(Call& c) {
  ResizeAttributes resize;
  Value x = c.in(0);
  if (!FindKind(c, resize) || !FindSizes(c, c.in(2), c.in(3), AllAxes(x.rank()), resize)) return;
  if (resize.kind != ResizeKind::kNearest) return (void)c.e.Unsupported("tf_half_pixel_for_nn but for nearest");
  for (uint32_t axis = 0; axis < resize.shape.size(); ++axis) {
    if (resize.shape[axis] == x.dim(axis) || resize.shape[axis] > 1u << 20) continue;
    std::vector<int64_t> places;
    for (uint64_t i = 0; i < resize.shape[axis]; ++i) {
      const double at = (static_cast<double>(i) + 0.5) / resize.scales[axis];
      const double place = resize.rounding == NearestRounding::kFloor             ? std::floor(at)
                           : resize.rounding == NearestRounding::kCeil            ? std::ceil(at)
                           : resize.rounding == NearestRounding::kRoundPreferCeil ? std::floor(at + 0.5)
                                                                                  : std::ceil(at - 0.5);
      places.push_back(static_cast<int64_t>(std::clamp(place, 0.0, static_cast<double>(x.dim(axis)) - 1)));
    }
    x = c.e.Gather(x, c.e.Indices(places), axis);
  }
  c.Out(x);
}

void Resize(Call& c) {
  if (!c.Need(0, 1)) return;
  const Value& x = c.in(0);
  if (c.Text("coordinate_transformation_mode", "") == "tf_half_pixel_for_nn") return ResizeLikeTensorFlow(c);
  ResizeAttributes resize;
  if (!FindCoordinates(c, resize) || !FindKind(c, resize)) return;
  const std::vector<int64_t> named = c.Ints("axes");
  const Axes axes = named.empty() ? AllAxes(x.rank()) : c.AxesOf(named, x.rank());
  if (!c.e.ok()) return;
  const bool old = c.version < 11;  // Only scales, as the second operand.
  if (!FindSizes(c, old ? c.in(1) : c.in(2), old ? Value() : c.in(3), axes, resize)) return;
  if (!FindRegion(c, axes, resize)) return;
  const bool whole = IsFloat(x.type);
  Value result = c.e.Append(OpKind::kResize, {whole ? x : c.e.Cast(ElementType::kF64, x)}, resize);
  c.Out(c.e.Cast(x.type, result));
}

void Upsample(Call& c) {
  if (!c.Need(0, 1)) return;
  ResizeAttributes resize = {.coordinates = ResizeCoordinates::kAsymmetric};
  if (!FindKind(c, resize)) return;
  resize.rounding = NearestRounding::kFloor;
  Value scales = c.in(1);
  if (const OnnxAttribute* given = c.Attribute("scales")) {
    scales = c.e.List<float>(given->floats, {given->floats.size()});
  }
  if (FindSizes(c, scales, Value(), AllAxes(c.in(0).rank()), resize)) {
    c.Out(c.e.Append(OpKind::kResize, {c.in(0)}, resize));
  }
}

constexpr OpEntry kOps[] = {{"Resize", Resize}, {"Upsample", Upsample}};

}  // namespace

std::span<const OpEntry> ResizeOps() { return kOps; }

}  // namespace plumb::onnx
