// Arithmetic on quantised integers.
#include <algorithm>

#include "verify/inference/onnx/quantize.h"
#include "verify/inference/onnx/window.h"

namespace plumb::onnx {
namespace {

// Scales and zero points of one dimension, or of blocks along one, as a tensor that broadcasts with `x`.
Value Spread(Call& c, const Value& parameter, const Value& x, int64_t axis) {
  if (parameter.rank() == 0 || x.rank() == 0) return parameter;
  if (parameter.rank() == 1 && parameter.shape[0] == 1) return c.e.Reshape(parameter, {});
  const uint32_t at = c.Axis(axis, x.rank());
  if (!c.e.ok()) return parameter;
  if (parameter.rank() == 1) {
    Shape shape(x.rank(), 1);
    shape[at] = parameter.shape[0];
    return c.e.Reshape(parameter, shape);
  }
  const auto block = static_cast<uint64_t>(std::clamp<int64_t>(c.Int("block_size", 0), 0, 1 << 24));
  if (block == 0 || parameter.rank() != x.rank()) return c.e.Fail("scales do not fit the tensor");
  Shape apart = parameter.shape;
  apart.insert(apart.begin() + at + 1, 1);
  Shape wide = apart;
  wide[at + 1] = block;
  Shape joined = parameter.shape;
  joined[at] *= block;
  Value repeated = c.e.Reshape(c.e.Expand(c.e.Reshape(parameter, apart), wide), joined);
  return c.e.Slice(repeated, at, 0, static_cast<int64_t>(x.shape[at]));
}

void QuantizeLinear(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  Value x = c.in(0);
  const auto wanted = ElementTypeFor(static_cast<OnnxType>(c.Int("output_dtype", 0)));
  const ElementType type = c.has(2) ? c.in(2).type : wanted.value_or(ElementType::kU8);
  x = c.e.Cast(c.in(1).type, x);
  Value scale = Spread(c, c.in(1), x, c.Int("axis", 1));
  Value zero = c.has(2) ? Spread(c, c.in(2), x, c.Int("axis", 1)) : Value();
  c.Out(Saturate(c.e, c.e.Div(x, scale), zero, type));
}

Value Dequantize(Call& c, const Value& x, const Value& scale, const Value& zero, int64_t axis) {
  Value wide = c.e.Cast(scale.type, x);
  if (zero.present) wide = c.e.Sub(wide, c.e.Cast(scale.type, Spread(c, zero, x, axis)));
  return c.e.Mul(wide, Spread(c, scale, x, axis));
}

void DequantizeLinear(Call& c) {
  if (c.Need(0) && c.Need(1)) c.Out(Dequantize(c, c.in(0), c.in(1), c.in(2), c.Int("axis", 1)));
}

void DynamicQuantizeLinear(Call& c) {
  if (!c.Need(0)) return;
  Quantised quantised = QuantizeByRange(c.e, c.in(0));
  c.Out(0, quantised.y);
  c.Out(1, quantised.scale);
  c.Out(2, quantised.zero);
}

// Zero points of filters, one for all or one for each.
Value ByFilter(Call& c, const Value& parameter, size_t rank) {
  if (!parameter.present || parameter.rank() == 0 || parameter.count() == 1) return parameter;
  Shape shape(rank, 1);
  shape[0] = parameter.count();
  return c.e.Reshape(parameter, shape);
}

void MatMulInteger(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 1)) return;
  c.Out(c.e.MatMul(Centred(c.e, c.in(0), c.in(2), true), Centred(c.e, c.in(1), c.in(3), false)));
}

void QLinearMatMul(Call& c) {
  for (size_t i = 0; i < 8; ++i) {
    if (!c.Need(i)) return;
  }
  if (!c.Need(0, 1) || !c.Need(3, 1)) return;
  Value sums = c.e.MatMul(Centred(c.e, c.in(0), c.in(2), true), Centred(c.e, c.in(3), c.in(5), false));
  Value a_scale = c.in(1).rank() == 1 && c.in(1).shape[0] > 1 ? c.e.Reshape(c.in(1), {c.in(1).shape[0], 1}) : c.in(1);
  Value scale = c.e.Div(c.e.Mul(a_scale, c.in(4)), c.in(6));
  Value x = c.e.Mul(c.e.Cast(scale.type, sums), scale);
  if (c.e.ok() && x.rank() > sums.rank()) x = c.e.Reshape(x, sums.shape);
  c.Out(Saturate(c.e, x, c.in(7), c.in(7).type));
}

Shape KernelOf(const Value& filters) {
  return {filters.shape.begin() + std::min<int64_t>(2, static_cast<int64_t>(filters.rank())), filters.shape.end()};
}

void ConvInteger(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3)) return;
  Value x = Centred(c.e, c.in(0), c.in(2), false);
  Value w = Centred(c.e, c.in(1), ByFilter(c, c.in(3), c.in(1).rank()), false);
  c.Out(c.e.Append(OpKind::kConv, {x, w}, ReadWindow(c, x, KernelOf(w))));
}

void QLinearConv(Call& c) {
  for (size_t i = 0; i < 8; ++i) {
    if (!c.Need(i)) return;
  }
  if (!c.Need(0, 3) || !c.Need(3, 3)) return;
  Value x = Centred(c.e, c.in(0), c.in(2), false);
  Value w = Centred(c.e, c.in(3), ByFilter(c, c.in(5), c.in(3).rank()), false);
  std::vector<Value> operands = {x, w};
  if (c.has(8)) operands.push_back(c.e.Cast(ElementType::kI32, c.in(8)));
  Value sums = c.e.Append(OpKind::kConv, operands, ReadWindow(c, x, KernelOf(w)));
  Value w_scale = c.in(4);
  if (w_scale.count() > 1) {
    Shape shape(x.rank() - 1, 1);
    shape[0] = w_scale.count();
    w_scale = c.e.Reshape(w_scale, shape);
  }
  Value scale = c.e.Div(c.e.Mul(AsScalar(c.e, c.in(1)), AsScalar(c.e, w_scale)), AsScalar(c.e, c.in(6)));
  c.Out(Saturate(c.e, c.e.Mul(c.e.Cast(scale.type, sums), scale), AsScalar(c.e, c.in(7)), c.in(7).type));
}

constexpr OpEntry kOps[] = {
    {"QuantizeLinear", QuantizeLinear},
    {"DequantizeLinear", DequantizeLinear},
    {"QuantizeLinear", QuantizeLinear, "com.microsoft"},
    {"DequantizeLinear", DequantizeLinear, "com.microsoft"},
    {"DynamicQuantizeLinear", DynamicQuantizeLinear},
    {"MatMulInteger", MatMulInteger},
    {"QLinearMatMul", QLinearMatMul},
    {"ConvInteger", ConvInteger},
    {"QLinearConv", QLinearConv},
};

}  // namespace

std::span<const OpEntry> QuantizedOps() { return kOps; }

}  // namespace plumb::onnx
