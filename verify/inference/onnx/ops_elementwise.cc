// Functions of each element, and of elements side by side.
#include <limits>

#include "verify/inference/onnx/broadcast.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

using F = UnaryFunction;
using G = BinaryFunction;

template <UnaryFunction function>
void Simple(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(function, c.in(0)));
}

template <BinaryFunction function>
void Pairwise(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  c.Out(c.e.Binary(function, c.in(0), LegacyBroadcast(c, c.in(0), c.in(1))));
}

// Max, Min, Sum: of any number of operands.
template <BinaryFunction function>
void Variadic(Call& c) {
  if (!c.Need(0)) return;
  Value result = c.in(0);
  for (size_t i = 1; i < c.inputs.size(); ++i) result = c.e.Binary(function, result, c.in(i));
  c.Out(result);
}

void Mean(Call& c) {
  Variadic<G::kAdd>(c);
  if (c.e.ok() && !c.outputs.empty()) c.Out(c.e.Div(c.outputs[0], static_cast<double>(c.inputs.size())));
}

void Elu(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(F::kElu, c.in(0), c.Float("alpha", 1)));
}

void LeakyRelu(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(F::kLeakyRelu, c.in(0), c.Float("alpha", 0.01f)));
}

void HardSigmoid(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(F::kHardSigmoid, c.in(0), c.Float("alpha", 0.2f), c.Float("beta", 0.5f)));
}

void Selu(Call& c) {
  if (!c.Need(0)) return;
  // The defaults of operator sets before 6 differ in the eighth digit.
  const double alpha = c.Float("alpha", 1.67326319217681884765625);
  const double gamma = c.Float("gamma", 1.05070102214813232421875);
  c.Out(c.e.Mul(c.e.Unary(F::kElu, c.in(0), alpha), gamma));
}

void Celu(Call& c) {
  if (!c.Need(0)) return;
  const double alpha = c.Float("alpha", 1);
  c.Out(c.e.Mul(c.e.Unary(F::kElu, c.e.Div(c.in(0), alpha), 1), alpha));
}

void ThresholdedRelu(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  Value above = c.e.Less(c.e.Scalar(x.type, c.Float("alpha", 1)), x);
  c.Out(c.e.Where(above, x, c.e.Scalar(x.type, 0)));
}

void Shrink(Call& c) {
  if (!c.Need(0)) return;
  Value x = c.in(0);
  const ElementType type = x.type;
  const ElementType wide = IsFloat(type) ? type : ElementType::kF64;
  x = c.e.Cast(wide, x);
  const double threshold = c.Float("lambd", 0.5);
  const double bias = c.Float("bias", 0);
  Value inner = c.e.Where(c.e.Less(c.e.Scalar(wide, threshold), x), c.e.Sub(x, bias), c.e.Scalar(wide, 0));
  Value below = c.e.Less(x, c.e.Scalar(wide, -threshold));
  c.Out(c.e.Cast(type, c.e.Where(below, c.e.Add(x, bias), inner)));
}

void PRelu(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  const Value& x = c.in(0);
  Value slope = c.in(1);
  const bool by_channel = slope.rank() == 1 && x.rank() > 2 && slope.shape[0] == x.shape[1];
  if (c.version < 7 && by_channel) {
    Shape shape(x.rank() - 1, 1);
    shape[0] = slope.shape[0];
    slope = c.e.Reshape(slope, shape);
  }
  Value negative = c.e.Less(x, c.e.Scalar(x.type, 0));
  c.Out(c.e.Where(negative, c.e.Mul(x, slope), x));
}

void Gelu(Call& c) {
  if (!c.Need(0)) return;
  c.Out(c.e.Unary(c.Text("approximate", "none") == "tanh" ? F::kGeluTanh : F::kGeluErf, c.in(0)));
}

void Swish(Call& c) {
  if (!c.Need(0)) return;
  const double alpha = c.Float("alpha", 1);
  c.Out(c.e.Mul(c.in(0), c.e.Unary(F::kSigmoid, alpha == 1 ? c.in(0) : c.e.Mul(c.in(0), alpha))));
}

void Clip(Call& c) {
  if (!c.Need(0)) return;
  Value x = c.in(0);
  const bool attributes = c.version < 11;
  if (attributes ? c.Attribute("min") != nullptr : c.has(1)) {
    x = c.e.Max(x, attributes ? c.e.Scalar(x.type, c.Float("min", 0)) : c.in(1));
  }
  if (attributes ? c.Attribute("max") != nullptr : c.has(2)) {
    x = c.e.Min(x, attributes ? c.e.Scalar(x.type, c.Float("max", 0)) : c.in(2));
  }
  c.Out(x);
}

void Pow(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  Value base = c.in(0);
  Value exponent = LegacyBroadcast(c, base, c.in(1));
  const ElementType type = base.type;
  if (!IsFloat(type) && IsFloat(exponent.type)) {
    base = c.e.Cast(ElementType::kF64, base);
    exponent = c.e.Cast(ElementType::kF64, exponent);
  } else {
    exponent = c.e.Cast(type, exponent);
  }
  c.Out(c.e.Cast(type, c.e.Binary(G::kPow, base, exponent)));
}

void Mod(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  c.Out(c.e.Binary(c.Int("fmod", 0) != 0 ? G::kFmod : G::kMod, c.in(0), c.in(1)));
}

void BitShift(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  c.Out(c.e.Binary(c.Text("direction", "") == "LEFT" ? G::kShiftLeft : G::kShiftRight, c.in(0), c.in(1)));
}

constexpr OpEntry kOps[] = {
    {"Abs", Simple<F::kAbs>},
    {"Neg", Simple<F::kNeg>},
    {"Sign", Simple<F::kSign>},
    {"Exp", Simple<F::kExp>},
    {"Log", Simple<F::kLog>},
    {"Sqrt", Simple<F::kSqrt>},
    {"Reciprocal", Simple<F::kReciprocal>},
    {"Erf", Simple<F::kErf>},
    {"Ceil", Simple<F::kCeil>},
    {"Floor", Simple<F::kFloor>},
    {"Round", Simple<F::kRound>},
    {"Sin", Simple<F::kSin>},
    {"Cos", Simple<F::kCos>},
    {"Tan", Simple<F::kTan>},
    {"Asin", Simple<F::kAsin>},
    {"Acos", Simple<F::kAcos>},
    {"Atan", Simple<F::kAtan>},
    {"Sinh", Simple<F::kSinh>},
    {"Cosh", Simple<F::kCosh>},
    {"Asinh", Simple<F::kAsinh>},
    {"Acosh", Simple<F::kAcosh>},
    {"Atanh", Simple<F::kAtanh>},
    {"Tanh", Simple<F::kTanh>},
    {"Sigmoid", Simple<F::kSigmoid>},
    {"Relu", Simple<F::kRelu>},
    {"Softplus", Simple<F::kSoftplus>},
    {"Softsign", Simple<F::kSoftsign>},
    {"Mish", Simple<F::kMish>},
    {"HardSwish", Simple<F::kHardSwish>},
    {"Elu", Elu},
    {"LeakyRelu", LeakyRelu},
    {"HardSigmoid", HardSigmoid},
    {"Selu", Selu},
    {"Celu", Celu},
    {"ThresholdedRelu", ThresholdedRelu},
    {"Shrink", Shrink},
    {"PRelu", PRelu},
    {"Gelu", Gelu},
    {"Swish", Swish},
    {"Clip", Clip},
    {"Add", Pairwise<G::kAdd>},
    {"Sub", Pairwise<G::kSub>},
    {"Mul", Pairwise<G::kMul>},
    {"Div", Pairwise<G::kDiv>},
    {"Pow", Pow},
    {"Mod", Mod},
    {"BitShift", BitShift},
    {"BitwiseAnd", Pairwise<G::kBitAnd>},
    {"BitwiseOr", Pairwise<G::kBitOr>},
    {"BitwiseXor", Pairwise<G::kBitXor>},
    {"BitwiseNot", Simple<F::kBitNot>},
    {"Max", Variadic<G::kMax>},
    {"Min", Variadic<G::kMin>},
    {"Sum", Variadic<G::kAdd>},
    {"Mean", Mean},
};

}  // namespace

std::span<const OpEntry> ElementwiseOps() { return kOps; }

}  // namespace plumb::onnx
