#include <cmath>
#include <limits>
#include <vector>

#include "verify/inference/backends/reference/kernels.h"

namespace plumb::reference {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double GeluTanh(double x) {
  constexpr double kRootTwoOverPi = 0.79788456080286535588;
  return 0.5 * x * (1 + std::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x)));
}

// Functions that go to -0 as x goes to -Inf, where their formula would say -Inf * 0.
bool VanishesBelow(UnaryFunction function) {
  return function == UnaryFunction::kGeluErf || function == UnaryFunction::kGeluTanh ||
         function == UnaryFunction::kQuickGelu || function == UnaryFunction::kSilu;
}

// How far an operand moves when one dimension of the result does; 0 where it is broadcast.
std::vector<uint64_t> BroadcastStrides(const Shape& operand, const Shape& result) {
  std::vector<uint64_t> strides(result.size(), 0);
  uint64_t stride = 1;
  for (size_t i = 0; i < operand.size(); ++i) {  // Counted from the last dimension.
    uint64_t size = operand[operand.size() - 1 - i];
    if (size != 1) strides[result.size() - 1 - i] = stride;
    stride *= size;
  }
  return strides;
}

}  // namespace

double ApplyUnary(UnaryFunction function, double x) {
  constexpr double kRootHalf = 0.70710678118654752440;
  if (std::isnan(x)) return x;
  if (std::isinf(x) && x < 0 && VanishesBelow(function)) return 0;
  switch (function) {
    case UnaryFunction::kRelu:
      return x > 0 ? x : 0;
    case UnaryFunction::kGeluErf:
      return 0.5 * x * std::erfc(-x * kRootHalf);
    case UnaryFunction::kGeluTanh:
      return GeluTanh(x);
    case UnaryFunction::kQuickGelu:
      return x * Sigmoid(1.702 * x);
    case UnaryFunction::kSilu:
      return x * Sigmoid(x);
    case UnaryFunction::kTanh:
      return std::tanh(x);
    case UnaryFunction::kSigmoid:
      return Sigmoid(x);
    case UnaryFunction::kExp:
      return std::exp(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double ApplyBinary(BinaryFunction function, double a, double b) {
  switch (function) {
    case BinaryFunction::kAdd:
      return a + b;
    case BinaryFunction::kSub:
      return a - b;
    case BinaryFunction::kMul:
      return a * b;
    case BinaryFunction::kDiv:
      return a / b;
    case BinaryFunction::kMax:
      return std::isnan(a) || a > b ? a : b;
    case BinaryFunction::kMin:
      return std::isnan(a) || a < b ? a : b;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void Unary(const UnaryAttributes& attributes, Operands operands, HostOutput output) {
  std::span<const float> x = operands[0].values;
  for (size_t i = 0; i < x.size(); ++i) output.values[i] = static_cast<float>(ApplyUnary(attributes.function, x[i]));
}

void Scale(const ScaleAttributes& attributes, Operands operands, HostOutput output) {
  std::span<const float> x = operands[0].values;
  for (size_t i = 0; i < x.size(); ++i) output.values[i] = static_cast<float>(attributes.factor * x[i]);
}

void Binary(const BinaryAttributes& attributes, Operands operands, HostOutput output) {
  const Shape shape = output.shape->empty() ? Shape{1} : *output.shape;
  const std::vector<uint64_t> a_strides = BroadcastStrides(*operands[0].shape, shape);
  const std::vector<uint64_t> b_strides = BroadcastStrides(*operands[1].shape, shape);
  std::vector<uint64_t> index(shape.size(), 0);
  const uint64_t inner = shape.back();
  for (uint64_t done = 0; done < output.values.size(); done += inner) {
    uint64_t a = 0;
    uint64_t b = 0;
    for (size_t d = 0; d + 1 < shape.size(); ++d) {
      a += index[d] * a_strides[d];
      b += index[d] * b_strides[d];
    }
    for (uint64_t i = 0; i < inner; ++i) {
      output.values[done + i] =
          static_cast<float>(ApplyBinary(attributes.function, operands[0].values[a + i * a_strides.back()],
                                         operands[1].values[b + i * b_strides.back()]));
    }
    for (size_t d = shape.size() - 1; d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

}  // namespace plumb::reference
