// Normalisations over a batch, channels, groups or a layer.
#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "verify/inference/onnx/normalize.h"

namespace plumb::onnx {

using F = UnaryFunction;

Normalized Normalize(Emitter& e, const Value& x, const Axes& axes, double epsilon) {
  Value mean = e.Mean(x, axes);
  Value centred = e.Sub(x, mean);
  Value factor = e.Unary(F::kRsqrt, e.Add(e.Mean(e.Mul(centred, centred), axes), epsilon));
  return {e.Mul(centred, factor), mean, factor};
}

Value LayerNormFrom(Emitter& e, const Value& x, uint32_t axis, const Value& gain, const Value& bias, double epsilon) {
  const Shape inner(x.shape.begin() + std::min<int64_t>(axis, static_cast<int64_t>(x.rank())), x.shape.end());
  const uint64_t width = Product(inner, 0, inner.size());
  Value flat = e.Reshape(x, {Product(x.shape, 0, axis), width});
  auto row = [&](const Value& value, double otherwise) {
    Value whole = value.present ? e.Cast(x.type, value) : e.Scalar(x.type, otherwise);
    return e.Reshape(e.Expand(whole, inner), {width});
  };
  std::vector<Value> operands = {flat, row(gain, 1)};
  if (bias.present) operands.push_back(row(bias, 0));
  return e.Reshape(e.Append(OpKind::kLayerNorm, operands, LayerNormAttributes{epsilon}), x.shape);
}

Value RmsNormFrom(Emitter& e, const Value& x, uint32_t axis, const Value& gain, double epsilon) {
  Axes axes;
  for (uint32_t i = axis; i < x.rank(); ++i) axes.push_back(i);
  Value factor = e.Unary(F::kRsqrt, e.Add(e.Mean(e.Mul(x, x), axes), epsilon));
  Value result = e.Mul(x, factor);
  return gain.present ? e.Mul(result, e.Cast(x.type, gain)) : result;
}

namespace {

// A list with one number for each channel, as a tensor that broadcasts with `x`.
Value ByChannel(Call& c, const Value& list, const Value& x) {
  Shape shape(x.rank() - 1, 1);
  shape[0] = list.count();
  return c.e.Reshape(c.e.Cast(x.type, list), shape);
}

Axes AxesBut(const Value& x, uint32_t kept) {
  Axes axes;
  for (uint32_t i = 0; i < x.rank(); ++i) {
    if (i != kept) axes.push_back(i);
  }
  return axes;
}

void TrainBatch(Call& c, double epsilon) {
  const Value& x = c.in(0);
  const double momentum = c.Float("momentum", 0.9f);
  const Axes axes = AxesBut(x, 1);
  Normalized normal = Normalize(c.e, x, axes, epsilon);
  Value centred = c.e.Sub(x, normal.mean);
  Value variance = c.e.Mean(c.e.Mul(centred, centred), axes);
  c.Out(0, c.e.Add(c.e.Mul(normal.result, ByChannel(c, c.in(1), x)), ByChannel(c, c.in(2), x)));
  auto running = [&](const Value& before, const Value& now) {
    Value flat = c.e.Cast(before.type, c.e.Reshape(now, {now.count()}));
    return c.e.Add(c.e.Mul(before, momentum), c.e.Mul(flat, 1 - momentum));
  };
  c.Out(1, running(c.in(3), normal.mean));
  c.Out(2, running(c.in(4), variance));
}

void BatchNormalization(Call& c) {
  for (size_t i = 0; i < 5; ++i) {
    if (!c.Need(i, i == 0 ? 2 : 1)) return;
  }
  const Value& x = c.in(0);
  const double epsilon = c.Float("epsilon", 1e-5f);
  if (c.Int("training_mode", 0) != 0) return TrainBatch(c, epsilon);
  if (c.version < 7 && c.Int("is_test", 0) == 0) return (void)c.e.Unsupported("trains");
  if (c.version < 9 && c.Int("spatial", 1) == 0) return (void)c.e.Unsupported("normalises each place by itself");
  Value factor = c.e.Mul(c.in(1), c.e.Cast(c.in(1).type, c.e.Unary(F::kRsqrt, c.e.Add(c.in(4), epsilon))));
  Value offset = c.e.Sub(c.in(2), c.e.Mul(c.e.Cast(factor.type, c.in(3)), factor));
  c.Out(c.e.Add(c.e.Mul(x, ByChannel(c, factor, x)), ByChannel(c, offset, x)));
}

void InstanceNormalization(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 1) || !c.Need(2, 1)) return;
  const Value& x = c.in(0);
  Axes axes = AllAxes(x.rank());
  axes.erase(axes.begin(), axes.begin() + 2);
  Normalized normal = Normalize(c.e, x, axes, c.Float("epsilon", 1e-5f));
  c.Out(c.e.Add(c.e.Mul(normal.result, ByChannel(c, c.in(1), x)), ByChannel(c, c.in(2), x)));
}

void GroupNormalization(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 1) || !c.Need(2, 1)) return;
  const Value& x = c.in(0);
  const auto groups = static_cast<uint64_t>(std::clamp<int64_t>(c.Int("num_groups", 0), 0, 1 << 24));
  if (groups == 0 || x.shape[1] % groups != 0) return (void)c.e.Fail("channels do not divide into groups");
  Value flat = c.e.Reshape(x, {x.shape[0], groups, Product(x.shape, 1, x.rank()) / groups});
  Value normal = c.e.Reshape(Normalize(c.e, flat, {2}, c.Float("epsilon", 1e-5f)).result, x.shape);
  auto by_channel = [&](const Value& list) {  // Before operator set 21: one number for each group.
    if (list.shape == Shape{x.shape[1]} || list.shape != Shape{groups}) return list;
    return c.e.Reshape(c.e.Expand(c.e.Reshape(list, {groups, 1}), {groups, x.shape[1] / groups}), {x.shape[1]});
  };
  c.Out(c.e.Add(c.e.Mul(normal, ByChannel(c, by_channel(c.in(1)), x)), ByChannel(c, by_channel(c.in(2)), x)));
}

void LayerNormalization(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1)) return;
  const Value& x = c.in(0);
  const uint32_t axis = c.AxisOf("axis", -1, x);
  const double epsilon = c.Float("epsilon", 1e-5f);
  if (!c.e.ok()) return;
  c.Out(0, LayerNormFrom(c.e, x, axis, c.in(1), c.in(2), epsilon));
  if (!c.wants(1) && !c.wants(2)) return;
  Axes axes;
  for (uint32_t i = axis; i < x.rank(); ++i) axes.push_back(i);
  Normalized normal = Normalize(c.e, c.e.Cast(ElementType::kF32, x), axes, epsilon);
  c.Out(1, normal.mean);
  c.Out(2, normal.factor);
}

void RmsNormalization(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1)) return;
  const uint32_t axis = c.AxisOf("axis", -1, c.in(0));
  if (c.e.ok()) c.Out(RmsNormFrom(c.e, c.in(0), axis, c.in(1), c.Float("epsilon", 1e-5f)));
}

// x / (bias + alpha / size * sum of squares over `size` channels)^beta: a mean over a window of channels.
void Lrn(Call& c) {
  if (!c.Need(0, 2)) return;
  const Value& x = c.in(0);
  const int64_t size = c.Int("size", 1);
  if (size < 1 || size > 1 << 20) return (void)c.e.Fail("the size is out of range");
  PoolAttributes pool = {.kind = PoolKind::kMean, .count_padding = true};
  pool.window.kernel = {static_cast<uint64_t>(size), 1};
  pool.window.strides = pool.window.dilations = {1, 1};
  pool.window.pads_before = {(size - 1) / 2, 0};
  pool.window.pads_after = {size / 2, 0};
  pool.window.output_padding = {0, 0};
  Value square = c.e.Reshape(c.e.Mul(x, x), {x.shape[0], 1, x.shape[1], Product(x.shape, 2, x.rank())});
  Value mean = c.e.Reshape(c.e.Append(OpKind::kPool, {square}, pool), x.shape);
  Value base = c.e.Add(c.e.Mul(mean, c.Float("alpha", 1e-4f)), c.Float("bias", 1));
  c.Out(c.e.Div(x, c.e.Binary(BinaryFunction::kPow, base, c.e.Scalar(x.type, c.Float("beta", 0.75f)))));
}

void MeanVarianceNormalization(Call& c) {
  if (!c.Need(0, 1)) return;
  const Value& x = c.in(0);
  std::vector<int64_t> given = c.Ints("axes");
  if (c.Attribute("axes") == nullptr) given = {0, 2, 3};
  const Axes axes = c.AxesOf(given, x.rank());
  Value mean = c.e.Mean(x, axes);
  Value centred = c.e.Sub(x, mean);
  Value deviation = c.e.Unary(F::kSqrt, c.e.Mean(c.e.Mul(centred, centred), axes));
  c.Out(c.e.Div(centred, c.e.Add(deviation, 1e-9)));
}

void LpNormalization(Call& c) {
  if (!c.Need(0, 1)) return;
  const Value& x = c.in(0);
  const Axes axes = {c.AxisOf("axis", -1, x)};
  Value norm =
      c.Int("p", 2) == 1 ? c.e.Sum(c.e.Unary(F::kAbs, x), axes) : c.e.Unary(F::kSqrt, c.e.Sum(c.e.Mul(x, x), axes));
  Value zero = c.e.Scalar(x.type, 0);
  c.Out(c.e.Where(c.e.Equal(norm, zero), zero, c.e.Div(x, norm)));
}

constexpr OpEntry kOps[] = {
    {"BatchNormalization", BatchNormalization},
    {"InstanceNormalization", InstanceNormalization},
    {"GroupNormalization", GroupNormalization},
    {"LayerNormalization", LayerNormalization},
    {"LayerNormalization", LayerNormalization, "com.microsoft"},
    {"RMSNormalization", RmsNormalization},
    {"SimplifiedLayerNormalization", RmsNormalization},
    {"SimplifiedLayerNormalization", RmsNormalization, "com.microsoft"},
    {"LRN", Lrn},
    {"MeanVarianceNormalization", MeanVarianceNormalization},
    {"LpNormalization", LpNormalization},
};

}  // namespace

std::span<const OpEntry> NormalizationOps() { return kOps; }

}  // namespace plumb::onnx
