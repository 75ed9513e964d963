// Operators of com.microsoft on quantised integers, as ONNX Runtime's quantiser writes them and its optimiser fuses
// them.
#include <algorithm>

#include "verify/inference/onnx/quantize.h"

namespace plumb::onnx {
namespace {

constexpr std::string_view kDomain = "com.microsoft";
using F = UnaryFunction;

bool NeedAll(const Call& c, std::initializer_list<size_t> operands) {
  return std::all_of(operands.begin(), operands.end(), [&](size_t i) { return c.Need(i); });
}

// Sums of products in float32: scaled, and with a bias.
Value Scaled(Call& c, const Value& sums, const Value& a_scale, const Value& b_scale, const Value& bias) {
  Value scale = c.e.Mul(AsScalar(c.e, a_scale), AsScalar(c.e, b_scale));
  Value y = c.e.Mul(c.e.Cast(scale.type, sums), scale);
  return bias.present ? c.e.Add(y, bias) : y;
}

void DynamicQuantizeMatMul(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 2) || !c.Need(2)) return;
  const Quantised a = QuantizeByRange(c.e, c.in(0));
  Value sums = c.e.MatMul(Centred(c.e, a.y, a.zero, false), Centred(c.e, c.in(1), c.in(3), false));
  c.Out(Scaled(c, sums, a.scale, c.in(2), c.in(4)));
}

void MatMulIntegerToFloat(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 1) || !NeedAll(c, {2, 3})) return;
  Value sums = c.e.MatMul(Centred(c.e, c.in(0), c.in(4), true), Centred(c.e, c.in(1), c.in(5), false));
  c.Out(Scaled(c, sums, c.in(2), c.in(3), c.in(6)));
}

// Quantised again when a scale is given, else in float32.
void Requantised(Call& c, const Value& y, size_t scale, size_t zero) {
  if (!c.has(scale)) return c.Out(y);
  const ElementType type = c.has(zero) ? c.in(zero).type : c.in(0).type;
  c.Out(Saturate(c.e, c.e.Div(y, AsScalar(c.e, c.in(scale))), AsScalar(c.e, c.in(zero)), type));
}

void QGemm(Call& c) {
  if (!c.Need(0, 2) || !c.Need(3, 2) || !NeedAll(c, {1, 4})) return;
  Value a = Centred(c.e, c.in(0), c.in(2), false);
  Value b = c.in(3);
  if (c.Int("transB", 0) != 0) b = c.e.Swap(b, 0, 1);
  if (c.Int("transA", 0) != 0) a = c.e.Swap(a, 0, 1);
  Value sums = c.e.MatMul(a, Centred(c.e, b, c.in(5), false));
  if (c.has(6)) sums = c.e.Add(sums, c.in(6));
  Value y = Scaled(c, sums, c.in(1), c.in(4), {});
  const double alpha = c.Float("alpha", 1);
  Requantised(c, alpha == 1 ? y : c.e.Mul(y, alpha), 7, 8);
}

template <BinaryFunction function>
void QLinearBinary(Call& c) {
  if (!NeedAll(c, {0, 1, 3, 4, 6})) return;
  Value a = Dequantised(c.e, c.in(0), c.in(1), c.in(2));
  Value b = Dequantised(c.e, c.in(3), c.in(4), c.in(5));
  Requantised(c, c.e.Binary(function, a, b), 6, 7);
}

void QLinearSigmoid(Call& c) {
  if (!NeedAll(c, {0, 1, 3})) return;
  Requantised(c, c.e.Unary(F::kSigmoid, Dequantised(c.e, c.in(0), c.in(1), c.in(2))), 3, 4);
}

void QLinearLeakyRelu(Call& c) {
  if (!NeedAll(c, {0, 1, 3})) return;
  Value x = Dequantised(c.e, c.in(0), c.in(1), c.in(2));
  Requantised(c, c.e.Unary(F::kLeakyRelu, x, c.Float("alpha", 0.01)), 3, 4);
}

void QLinearGlobalAveragePool(Call& c) {
  if (!c.Need(0, 3) || !NeedAll(c, {1, 3})) return;
  const size_t first = c.Int("channels_last", 0) != 0 ? 1 : 2;
  Axes axes;
  for (size_t i = first; i < c.in(0).rank() + first - 2; ++i) axes.push_back(static_cast<uint32_t>(i));
  Requantised(c, c.e.Mean(Dequantised(c.e, c.in(0), c.in(1), c.in(2)), axes), 3, 4);
}

void QLinearSoftmax(Call& c) {
  if (!c.Need(0, 1) || !NeedAll(c, {1, 3})) return;
  const uint32_t axis = c.AxisOf("axis", -1, c.in(0));
  if (!c.e.ok()) return;
  if (axis + 1 != c.in(0).rank()) return (void)c.e.Unsupported("softmax over another dimension than the last");
  Requantised(c, c.e.Softmax(Dequantised(c.e, c.in(0), c.in(1), c.in(2))), 3, 4);
}

// The result's scale and zero point, then three operands for each part.
void QLinearConcat(Call& c) {
  if (!NeedAll(c, {0, 1, 2, 3})) return;
  std::vector<Value> parts;
  for (size_t i = 2; i + 1 < c.inputs.size(); i += 3) {
    if (!NeedAll(c, {i, i + 1})) return;
    parts.push_back(Dequantised(c.e, c.in(i), c.in(i + 1), c.in(i + 2)));
  }
  const uint32_t axis = c.AxisOf("axis", 0, c.in(2));
  if (!c.e.ok()) return;
  Value joined = c.e.Div(c.e.Concat(axis, parts), AsScalar(c.e, c.in(0)));
  c.Out(Saturate(c.e, joined, AsScalar(c.e, c.in(1)), c.in(1).type));
}

constexpr OpEntry kOps[] = {
    {"DynamicQuantizeMatMul", DynamicQuantizeMatMul, kDomain},
    {"MatMulIntegerToFloat", MatMulIntegerToFloat, kDomain},
    {"QGemm", QGemm, kDomain},
    {"QLinearAdd", QLinearBinary<BinaryFunction::kAdd>, kDomain},
    {"QLinearMul", QLinearBinary<BinaryFunction::kMul>, kDomain},
    {"QLinearSigmoid", QLinearSigmoid, kDomain},
    {"QLinearLeakyRelu", QLinearLeakyRelu, kDomain},
    {"QLinearGlobalAveragePool", QLinearGlobalAveragePool, kDomain},
    {"QLinearSoftmax", QLinearSoftmax, kDomain},
    {"QLinearConcat", QLinearConcat, kDomain},
};

}  // namespace

std::span<const OpEntry> QuantizedContribOps() { return kOps; }

}  // namespace plumb::onnx
