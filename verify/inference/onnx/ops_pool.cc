// Pooling and its inverse.
#include <algorithm>

#include "verify/inference/onnx/window.h"

namespace plumb::onnx {
namespace {

PoolAttributes ReadPool(Call& c, PoolKind kind) {
  PoolAttributes pool = {.kind = kind};
  pool.window = ReadWindow(c, c.in(0), ReadKernel(c, {}));
  pool.round_up = c.Int("ceil_mode", 0) != 0;
  pool.count_padding = c.Int("count_include_pad", 0) != 0;
  return pool;
}

void AveragePool(Call& c) {
  if (c.Need(0, 3)) c.Out(c.e.Append(OpKind::kPool, {c.in(0)}, ReadPool(c, PoolKind::kMean)));
}

// Places count the image's columns first when storage_order is 1.
Value ColumnMajor(Call& c, const Value& places, const Shape& image) {
  const auto height = static_cast<double>(image[image.size() - 2]);
  const auto width = static_cast<double>(image[image.size() - 1]);
  Value plane = c.e.Binary(BinaryFunction::kMod, places, c.e.Scalar(places.type, height * width));
  Value row = c.e.Div(plane, width);
  Value column = c.e.Binary(BinaryFunction::kMod, plane, c.e.Scalar(places.type, width));
  return c.e.Add(c.e.Sub(places, plane), c.e.Add(c.e.Mul(column, height), row));
}

void MaxPool(Call& c) {
  if (!c.Need(0, 3)) return;
  const Value& x = c.in(0);
  PoolAttributes pool = ReadPool(c, PoolKind::kMax);
  const bool whole = IsFloat(x.type);
  Value values = c.e.Append(OpKind::kPool, {whole ? x : c.e.Cast(ElementType::kF64, x)}, pool);
  c.Out(0, c.e.Cast(x.type, values));
  if (!c.wants(1)) return;
  pool.places = true;
  Value places = c.e.Append(OpKind::kPool, {whole ? x : c.e.Cast(ElementType::kF64, x)}, pool);
  if (c.Int("storage_order", 0) != 0 && x.rank() == 4) places = ColumnMajor(c, places, x.shape);
  c.Out(1, places);
}

// (sum |x|^p)^(1/p): the mean over all of the window, times its size.
void LpPool(Call& c) {
  if (!c.Need(0, 3)) return;
  const Value& x = c.in(0);
  PoolAttributes pool = ReadPool(c, PoolKind::kMean);
  if (!c.e.ok()) return;
  pool.count_padding = true;
  pool.round_up = false;
  const double p = c.Attribute("p") != nullptr && c.version < 2 ? c.Float("p", 2) : static_cast<double>(c.Int("p", 2));
  double window = 1;
  for (uint64_t size : pool.window.kernel) window *= static_cast<double>(size);
  Value power = c.e.Binary(BinaryFunction::kPow, c.e.Unary(UnaryFunction::kAbs, x), c.e.Scalar(x.type, p));
  Value sum = c.e.Mul(c.e.Append(OpKind::kPool, {power}, pool), window);
  c.Out(c.e.Binary(BinaryFunction::kPow, sum, c.e.Scalar(x.type, 1 / p)));
}

Axes SpatialAxes(const Value& x) {
  Axes axes = AllAxes(x.rank());
  axes.erase(axes.begin(), axes.begin() + std::min<int64_t>(2, static_cast<int64_t>(axes.size())));
  return axes;
}

void GlobalAveragePool(Call& c) {
  if (c.Need(0, 3)) c.Out(c.e.Mean(c.in(0), SpatialAxes(c.in(0))));
}

void GlobalMaxPool(Call& c) {
  if (c.Need(0, 3)) c.Out(c.e.Reduce(ReduceFunction::kMax, c.in(0), SpatialAxes(c.in(0))));
}

void GlobalLpPool(Call& c) {
  if (!c.Need(0, 3)) return;
  const Value& x = c.in(0);
  const auto p = static_cast<double>(c.Int("p", 2));
  Value power = c.e.Binary(BinaryFunction::kPow, c.e.Unary(UnaryFunction::kAbs, x), c.e.Scalar(x.type, p));
  c.Out(c.e.Binary(BinaryFunction::kPow, c.e.Sum(power, SpatialAxes(x)), c.e.Scalar(x.type, 1 / p)));
}

// Values go back to the places they came from in an image of the size before pooling. Where the result is larger than
// that, places still count in the smaller image.
void MaxUnpool(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3)) return;
  const Value& x = c.in(0);
  const WindowAttributes window = ReadWindow(c, x, ReadKernel(c, {}));
  if (!c.e.ok()) return;
  Shape inner = {x.shape[0], x.shape[1]};
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t size = static_cast<int64_t>((std::min<uint64_t>(x.shape[i + 2], 1u << 24) - 1) * window.strides[i] +
                                              window.kernel[i]) -
                         window.pads_before[i] - window.pads_after[i];
    if (x.shape[i + 2] == 0 || size < 1) return (void)c.e.Fail("the padding leaves nothing");
    inner.push_back(static_cast<uint64_t>(size));
  }
  const std::optional<uint64_t> count = ElementCount(inner);
  if (!count) return (void)c.e.Fail("the result is too large");
  Value zeros = c.e.Expand(c.e.Scalar(x.type, 0), {*count});
  const ScatterAttributes attributes;
  Value flat = c.e.Append(OpKind::kScatterElements,
                          {zeros, c.e.Reshape(c.in(1), {c.in(1).count()}), c.e.Reshape(x, {x.count()})}, attributes);
  Value result = c.e.Reshape(flat, inner);
  if (!c.has(2)) return c.Out(result);
  const std::vector<int64_t> wanted = c.e.Integers(c.in(2));
  if (!c.e.ok()) return;
  PadAttributes pad;
  if (wanted.size() != inner.size()) return (void)c.e.Fail("the output shape does not fit");
  for (size_t i = 0; i < wanted.size(); ++i) {
    pad.before.push_back(0);
    pad.after.push_back(std::clamp<int64_t>(wanted[i], 0, int64_t{1} << 40) - static_cast<int64_t>(inner[i]));
  }
  c.Out(c.e.Pad(result, pad));
}

constexpr OpEntry kOps[] = {
    {"AveragePool", AveragePool},     {"MaxPool", MaxPool},           {"LpPool", LpPool},
    {"GlobalMaxPool", GlobalMaxPool}, {"GlobalLpPool", GlobalLpPool}, {"GlobalAveragePool", GlobalAveragePool},
    {"MaxUnpool", MaxUnpool},
};

}  // namespace

std::span<const OpEntry> PoolOps() { return kOps; }

}  // namespace plumb::onnx
