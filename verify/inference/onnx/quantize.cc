#include "verify/inference/onnx/quantize.h"

#include "fmt/format.h"

namespace plumb::onnx {
namespace {

struct Range {
  double least;
  double most;
};

std::optional<Range> RangeOf(ElementType type) {
  switch (type) {
    case ElementType::kU8:
      return Range{0, 255};
    case ElementType::kI8:
      return Range{-128, 127};
    case ElementType::kU16:
      return Range{0, 65535};
    case ElementType::kI16:
      return Range{-32768, 32767};
    default:
      return std::nullopt;
  }
}

}  // namespace

Value Saturate(Emitter& e, const Value& x, const Value& zero, ElementType type) {
  const std::optional<Range> range = RangeOf(type);
  if (!range) return e.Unsupported(fmt::format("quantises to {}", ElementTypeName(type)));
  Value rounded = e.Unary(UnaryFunction::kRound, x);
  if (zero.present) rounded = e.Add(rounded, e.Cast(x.type, zero));
  Value bounded = e.Min(e.Max(rounded, e.Scalar(x.type, range->least)), e.Scalar(x.type, range->most));
  return e.Cast(type, bounded);
}

Quantised QuantizeByRange(Emitter& e, const Value& x) {
  const Axes axes = AllAxes(x.rank());
  Value nothing = e.Scalar(x.type, 0);
  Value most = e.Max(e.Reduce(ReduceFunction::kMax, x, axes, false), nothing);
  Value least = e.Min(e.Reduce(ReduceFunction::kMin, x, axes, false), nothing);
  Value scale = e.Div(e.Sub(most, least), 255);
  Value zero = Saturate(e, e.Sub(nothing, e.Div(least, scale)), Value(), ElementType::kU8);
  return {Saturate(e, e.Div(x, scale), zero, ElementType::kU8), scale, zero};
}

Value Centred(Emitter& e, const Value& x, const Value& zero, bool by_row) {
  Value wide = e.Cast(ElementType::kI32, x);
  if (!zero.present) return wide;
  Value point = e.Cast(ElementType::kI32, zero);
  if (point.rank() == 1 && by_row && point.shape[0] > 1) point = e.Reshape(point, {point.shape[0], 1});
  return e.Sub(wide, point);
}

Value AsScalar(Emitter& e, const Value& x) {
  return x.present && x.rank() > 0 && x.count() == 1 ? e.Reshape(x, {}) : x;
}

Value Dequantised(Emitter& e, const Value& x, const Value& scale, const Value& zero) {
  Value wide = e.Cast(scale.type, x);
  if (zero.present) wide = e.Sub(wide, e.Cast(scale.type, AsScalar(e, zero)));
  return e.Mul(wide, AsScalar(e, scale));
}

}  // namespace plumb::onnx
