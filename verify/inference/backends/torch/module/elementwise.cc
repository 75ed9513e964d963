#include <limits>

#include "verify/inference/backends/torch/module/operators.h"
#include "verify/inference/backends/torch/module/tensors.h"

namespace plumb::torch_module {
namespace {

bool IsComputedFloat(ElementType type) { return type == ElementType::kF32 || type == ElementType::kF64; }
bool IsComputedInteger(ElementType type) { return type == ElementType::kI32 || type == ElementType::kI64; }

// `result`, with `limit` where x is -Inf: there formulas give Inf times 0.
at::Tensor WithLimit(const at::Tensor& result, const at::Tensor& x, double limit) {
  return result.masked_fill(at::isneginf(x), limit);
}

bool SupportsUnary(UnaryFunction function, ElementType type) {
  switch (function) {
    case UnaryFunction::kNot:
      return type == ElementType::kBool;
    case UnaryFunction::kBitNot:
      return IsComputedInteger(type);
    case UnaryFunction::kAbs:
    case UnaryFunction::kNeg:
    case UnaryFunction::kSign:
      return IsComputedFloat(type) || IsComputedInteger(type);
    default:
      return IsComputedFloat(type);
  }
}

at::Tensor Activation(const UnaryAttributes& a, const at::Tensor& x) {
  switch (a.function) {
    case UnaryFunction::kRelu:
      return at::relu(x);
    case UnaryFunction::kGeluErf:
      return WithLimit(at::gelu(x), x, 0);
    case UnaryFunction::kGeluTanh:
      return WithLimit(at::gelu(x, "tanh"), x, 0);
    case UnaryFunction::kQuickGelu:
      return WithLimit(x * at::sigmoid(x * 1.702), x, 0);
    case UnaryFunction::kSilu:
      return WithLimit(at::silu(x), x, 0);
    case UnaryFunction::kMish:
      return WithLimit(at::mish(x), x, 0);
    case UnaryFunction::kSoftplus:
      return at::logaddexp(x, at::zeros_like(x));
    case UnaryFunction::kSoftsign:
      return at::where(at::isinf(x), at::sign(x), x / (at::abs(x) + 1));
    case UnaryFunction::kElu:
      return at::where(x > 0, x, at::expm1(x) * a.alpha);
    case UnaryFunction::kLeakyRelu:
      return at::leaky_relu(x, a.alpha);
    case UnaryFunction::kHardSigmoid:
      return at::clamp(x * a.alpha + a.beta, 0, 1);
    case UnaryFunction::kHardSwish:
      return WithLimit(at::hardswish(x), x, 0);
    default:
      return at::sigmoid(x);
  }
}

at::Tensor Trigonometry(UnaryFunction function, const at::Tensor& x) {
  switch (function) {
    case UnaryFunction::kSin:
      return at::sin(x);
    case UnaryFunction::kCos:
      return at::cos(x);
    case UnaryFunction::kTan:
      return at::tan(x);
    case UnaryFunction::kAsin:
      return at::asin(x);
    case UnaryFunction::kAcos:
      return at::acos(x);
    case UnaryFunction::kAtan:
      return at::atan(x);
    case UnaryFunction::kSinh:
      return at::sinh(x);
    case UnaryFunction::kCosh:
      return at::cosh(x);
    case UnaryFunction::kTanh:
      return at::tanh(x);
    case UnaryFunction::kAsinh:
      return at::asinh(x);
    case UnaryFunction::kAcosh:
      return at::acosh(x);
    default:
      return at::atanh(x);
  }
}

// Infinities of the signs that are asked for.
at::Tensor IsInfinity(const UnaryAttributes& a, const at::Tensor& x) {
  const at::Tensor none = at::zeros_like(x, at::TensorOptions(at::kBool));
  return at::logical_or(a.alpha != 0 ? at::isneginf(x) : none, a.beta != 0 ? at::isposinf(x) : none);
}

at::Tensor Unary(const UnaryAttributes& a, const at::Tensor& x) {
  switch (a.function) {
    case UnaryFunction::kExp:
      return at::exp(x);
    case UnaryFunction::kAbs:
      return at::abs(x);
    case UnaryFunction::kNeg:
      return at::neg(x);
    case UnaryFunction::kSign:
      return x.is_floating_point() ? at::where(at::isnan(x), x, at::sign(x)) : at::sign(x);
    case UnaryFunction::kSqrt:
      return at::sqrt(x);
    case UnaryFunction::kRsqrt:
      return at::rsqrt(x);
    case UnaryFunction::kReciprocal:
      return at::reciprocal(x);
    case UnaryFunction::kLog:
      return at::log(x);
    case UnaryFunction::kLog1p:
      return at::log1p(x);
    case UnaryFunction::kErf:
      return at::erf(x);
    case UnaryFunction::kCeil:
      return at::ceil(x);
    case UnaryFunction::kFloor:
      return at::floor(x);
    case UnaryFunction::kRound:
      return at::round(x);
    case UnaryFunction::kIsNan:
      return at::isnan(x);
    case UnaryFunction::kIsInf:
      return IsInfinity(a, x);
    case UnaryFunction::kNot:
      return at::logical_not(x);
    case UnaryFunction::kBitNot:
      return at::bitwise_not(x);
    case UnaryFunction::kSin:
    case UnaryFunction::kCos:
    case UnaryFunction::kTan:
    case UnaryFunction::kAsin:
    case UnaryFunction::kAcos:
    case UnaryFunction::kAtan:
    case UnaryFunction::kSinh:
    case UnaryFunction::kCosh:
    case UnaryFunction::kTanh:
    case UnaryFunction::kAsinh:
    case UnaryFunction::kAcosh:
    case UnaryFunction::kAtanh:
      return Trigonometry(a.function, x);
    default:
      return Activation(a, x);
  }
}

bool SupportsBinary(BinaryFunction function, ElementType type) {
  switch (function) {
    case BinaryFunction::kAdd:
    case BinaryFunction::kSub:
    case BinaryFunction::kMul:
    case BinaryFunction::kMax:
    case BinaryFunction::kMin:
    case BinaryFunction::kLess:
    case BinaryFunction::kLessOrEqual:
      return IsComputedFloat(type) || IsComputedInteger(type);
    case BinaryFunction::kEqual:
      return IsComputedFloat(type) || IsComputedInteger(type) || type == ElementType::kBool;
    case BinaryFunction::kDiv:
    case BinaryFunction::kPow:
    case BinaryFunction::kMod:
    case BinaryFunction::kFmod:
      return IsComputedFloat(type);  // Of integers, division by zero ends a process.
    case BinaryFunction::kAnd:
    case BinaryFunction::kOr:
    case BinaryFunction::kXor:
      return type == ElementType::kBool;
    case BinaryFunction::kBitAnd:
    case BinaryFunction::kBitOr:
    case BinaryFunction::kBitXor:
      return IsComputedInteger(type);
    default:
      return false;
  }
}

at::Tensor Binary(BinaryFunction function, const at::Tensor& a, const at::Tensor& b) {
  switch (function) {
    case BinaryFunction::kAdd:
      return at::add(a, b);
    case BinaryFunction::kSub:
      return at::sub(a, b);
    case BinaryFunction::kMul:
      return at::mul(a, b);
    case BinaryFunction::kDiv:
      return at::div(a, b);
    case BinaryFunction::kMax:
      return at::maximum(a, b);
    case BinaryFunction::kMin:
      return at::minimum(a, b);
    case BinaryFunction::kPow:
      return at::pow(a, b);
    case BinaryFunction::kMod:
      return at::remainder(a, b);
    case BinaryFunction::kFmod:
      return at::fmod(a, b);
    case BinaryFunction::kEqual:
      return at::eq(a, b);
    case BinaryFunction::kLess:
      return at::lt(a, b);
    case BinaryFunction::kLessOrEqual:
      return at::le(a, b);
    case BinaryFunction::kAnd:
      return at::logical_and(a, b);
    case BinaryFunction::kOr:
      return at::logical_or(a, b);
    case BinaryFunction::kXor:
      return at::logical_xor(a, b);
    case BinaryFunction::kBitAnd:
      return at::bitwise_and(a, b);
    case BinaryFunction::kBitOr:
      return at::bitwise_or(a, b);
    default:
      return at::bitwise_xor(a, b);
  }
}

}  // namespace

bool SupportsElementwise(const Node& node, OperandNodes operands) {
  switch (node.op) {
    case OpKind::kUnary:
      return SupportsUnary(std::get<UnaryAttributes>(node.attributes).function, operands[0]->type);
    case OpKind::kBinary:
      return SupportsBinary(std::get<BinaryAttributes>(node.attributes).function, operands[0]->type);
    case OpKind::kScale:
      return IsComputedFloat(node.type);
    case OpKind::kWhere:
      return ScalarTypeOf(node.type).has_value();
    case OpKind::kCast:  // What saturates elsewhere is undefined here.
      return IsComputedFloat(node.type) && ScalarTypeOf(operands[0]->type).has_value();
    default:
      return false;
  }
}

at::Tensor Elementwise(const Node& node, const Tensors& x) {
  switch (node.op) {
    case OpKind::kUnary:
      return Unary(std::get<UnaryAttributes>(node.attributes), x[0]);
    case OpKind::kBinary:
      return Binary(std::get<BinaryAttributes>(node.attributes).function, x[0], x[1]);
    case OpKind::kScale:
      return at::mul(x[0], std::get<ScaleAttributes>(node.attributes).factor);
    case OpKind::kWhere:
      return at::where(x[0], x[1], x[2]);
    default:
      return x[0].to(ScalarTypeOf(node.type).value());
  }
}

}  // namespace plumb::torch_module
