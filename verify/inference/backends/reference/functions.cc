#include "verify/inference/backends/reference/functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb::reference {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double GeluTanh(double x) {
  constexpr double kRootTwoOverPi = 0.79788456080286535588;
  return 0.5 * x * (1 + std::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x)));
}

double Softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// Functions that go to -0 as x goes to -Inf, where their formula would say -Inf * 0.
bool VanishesBelow(UnaryFunction function) {
  return function == UnaryFunction::kGeluErf || function == UnaryFunction::kGeluTanh ||
         function == UnaryFunction::kQuickGelu || function == UnaryFunction::kSilu ||
         function == UnaryFunction::kMish || function == UnaryFunction::kHardSwish;
}

double ApplyElementary(UnaryFunction function, double x) {
  switch (function) {
    case UnaryFunction::kAbs:
      return std::abs(x);
    case UnaryFunction::kNeg:
      return -x;
    case UnaryFunction::kSign:
      return x > 0 ? 1 : x < 0 ? -1 : 0;
    case UnaryFunction::kSqrt:
      return std::sqrt(x);
    case UnaryFunction::kRsqrt:
      return 1 / std::sqrt(x);
    case UnaryFunction::kReciprocal:
      return 1 / x;
    case UnaryFunction::kExp:
      return std::exp(x);
    case UnaryFunction::kLog:
      return std::log(x);
    case UnaryFunction::kLog1p:
      return std::log1p(x);
    case UnaryFunction::kErf:
      return std::erf(x);
    case UnaryFunction::kCeil:
      return std::ceil(x);
    case UnaryFunction::kFloor:
      return std::floor(x);
    case UnaryFunction::kRound:
      return std::nearbyint(x);
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

double ApplyTrigonometric(UnaryFunction function, double x) {
  switch (function) {
    case UnaryFunction::kSin:
      return std::sin(x);
    case UnaryFunction::kCos:
      return std::cos(x);
    case UnaryFunction::kTan:
      return std::tan(x);
    case UnaryFunction::kAsin:
      return std::asin(x);
    case UnaryFunction::kAcos:
      return std::acos(x);
    case UnaryFunction::kAtan:
      return std::atan(x);
    case UnaryFunction::kSinh:
      return std::sinh(x);
    case UnaryFunction::kCosh:
      return std::cosh(x);
    case UnaryFunction::kAsinh:
      return std::asinh(x);
    case UnaryFunction::kAcosh:
      return std::acosh(x);
    case UnaryFunction::kAtanh:
      return std::atanh(x);
    default:
      return ApplyElementary(function, x);
  }
}

// What both kinds of integers do alike. Arithmetic is that of uint64_t, so that it wraps around.
template <typename T>
T ApplyIntegers(BinaryFunction function, T a, T b, unsigned bits) {
  const auto x = static_cast<uint64_t>(a);
  const auto y = static_cast<uint64_t>(b);
  switch (function) {
    case BinaryFunction::kAdd:
      return static_cast<T>(x + y);
    case BinaryFunction::kSub:
      return static_cast<T>(x - y);
    case BinaryFunction::kMul:
      return static_cast<T>(x * y);
    case BinaryFunction::kMax:
      return std::max(a, b);
    case BinaryFunction::kMin:
      return std::min(a, b);
    case BinaryFunction::kAnd:
    case BinaryFunction::kBitAnd:
      return static_cast<T>(x & y);
    case BinaryFunction::kOr:
    case BinaryFunction::kBitOr:
      return static_cast<T>(x | y);
    case BinaryFunction::kXor:
    case BinaryFunction::kBitXor:
      return static_cast<T>(x ^ y);
    case BinaryFunction::kShiftLeft:
      return y >= bits ? T{0} : static_cast<T>(x << y);
    case BinaryFunction::kShiftRight:
      return y >= bits ? T{0} : static_cast<T>(a >> y);
    case BinaryFunction::kPow: {
      T power = 1;
      if (b < T{0}) return a == T{1} ? T{1} : T{0};
      for (uint64_t left = y, base = x; left > 0; left >>= 1, base *= base) {
        if (left & 1) power = static_cast<T>(static_cast<uint64_t>(power) * base);
      }
      return power;
    }
    default:
      return T{0};
  }
}

}  // namespace

double ApplyUnary(const UnaryAttributes& attributes, double x) {
  constexpr double kRootHalf = 0.70710678118654752440;
  const UnaryFunction function = attributes.function;
  if (function == UnaryFunction::kIsNan) return std::isnan(x) ? 1 : 0;
  if (function == UnaryFunction::kIsInf) {
    return std::isinf(x) && (x < 0 ? attributes.alpha != 0 : attributes.beta != 0) ? 1 : 0;
  }
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
    case UnaryFunction::kSoftplus:
      return Softplus(x);
    case UnaryFunction::kSoftsign:
      return std::isinf(x) ? (x > 0 ? 1 : -1) : x / (1 + std::abs(x));
    case UnaryFunction::kMish:
      return x * std::tanh(Softplus(x));
    case UnaryFunction::kElu:
      return x > 0 ? x : attributes.alpha * std::expm1(x);
    case UnaryFunction::kLeakyRelu:
      return x > 0 ? x : attributes.alpha * x;
    case UnaryFunction::kHardSigmoid:
      return std::clamp(attributes.alpha * x + attributes.beta, 0.0, 1.0);
    case UnaryFunction::kHardSwish:
      return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
    default:
      return ApplyTrigonometric(function, x);
  }
}

int64_t ApplyUnaryInteger(UnaryFunction function, int64_t x) {
  switch (function) {
    case UnaryFunction::kAbs:
      return x < 0 ? static_cast<int64_t>(-static_cast<uint64_t>(x)) : x;
    case UnaryFunction::kNeg:
      return static_cast<int64_t>(-static_cast<uint64_t>(x));
    case UnaryFunction::kSign:
      return x > 0 ? 1 : x < 0 ? -1 : 0;
    case UnaryFunction::kRelu:
      return std::max<int64_t>(x, 0);
    case UnaryFunction::kBitNot:
      return ~x;
    default:
      return x;
  }
}

uint64_t ApplyUnaryInteger(UnaryFunction function, uint64_t x) {
  switch (function) {
    case UnaryFunction::kNeg:
      return -x;
    case UnaryFunction::kSign:
      return x > 0 ? 1 : 0;
    case UnaryFunction::kNot:
      return x == 0 ? 1 : 0;
    case UnaryFunction::kBitNot:
      return ~x;
    default:
      return x;
  }
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
    case BinaryFunction::kPow:
      return std::pow(a, b);
    case BinaryFunction::kFmod:
      return std::fmod(a, b);
    case BinaryFunction::kMod: {
      const double rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

int64_t ApplyBinaryInteger(BinaryFunction function, int64_t a, int64_t b, unsigned bits) {
  const bool division =
      function == BinaryFunction::kDiv || function == BinaryFunction::kMod || function == BinaryFunction::kFmod;
  if (!division) return ApplyIntegers(function, a, b, bits);
  if (b == 0) return 0;
  if (b == -1) return function == BinaryFunction::kDiv ? static_cast<int64_t>(-static_cast<uint64_t>(a)) : 0;
  if (function == BinaryFunction::kDiv) return a / b;
  const int64_t rest = a % b;
  return function == BinaryFunction::kMod && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

uint64_t ApplyBinaryInteger(BinaryFunction function, uint64_t a, uint64_t b, unsigned bits) {
  switch (function) {
    case BinaryFunction::kDiv:
      return b == 0 ? 0 : a / b;
    case BinaryFunction::kMod:
    case BinaryFunction::kFmod:
      return b == 0 ? 0 : a % b;
    default:
      return ApplyIntegers(function, a, b, bits);
  }
}

}  // namespace plumb::reference
