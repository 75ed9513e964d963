#include <cmath>

#include "verify/inference/backends/onednn/rows.h"
#include "verify/inference/backends/reference/functions.h"
#include "verify/inference/backends/wider_vectors.h"

namespace plumb::onednn {
namespace {

template <typename Function>
PLUMB_WITHIN_VECTORS void Map(const float* __restrict x, uint64_t count, float* __restrict out, Function function) {
  for (uint64_t i = 0; i < count; ++i) out[i] = function(x[i]);
}

template <typename Out, typename Function>
PLUMB_WITHIN_VECTORS void Combine(const float* __restrict a, uint64_t a_step, const float* __restrict b,
                                  uint64_t b_step, uint64_t count, void* to, Function function) {
  Out* __restrict out = static_cast<Out*>(to);
  if (a_step == 1 && b_step == 1) {
    for (uint64_t i = 0; i < count; ++i) out[i] = function(a[i], b[i]);
  } else if (a_step == 1) {
    const float right = *b;
    for (uint64_t i = 0; i < count; ++i) out[i] = function(a[i], right);
  } else {
    const float left = *a;
    for (uint64_t i = 0; i < count; ++i) out[i] = function(left, b[i * b_step]);
  }
}

}  // namespace

bool HasUnaryRow(UnaryFunction function) {
  return function != UnaryFunction::kNot && function != UnaryFunction::kBitNot && function != UnaryFunction::kIsNan &&
         function != UnaryFunction::kIsInf;
}

PLUMB_FOR_WIDER_VECTORS
void UnaryRow(const UnaryAttributes& attributes, const float* x, uint64_t count, float* out) {
  switch (attributes.function) {
    case UnaryFunction::kAbs:
      return Map(x, count, out, [](float v) { return std::abs(v); });
    case UnaryFunction::kNeg:
      return Map(x, count, out, [](float v) { return -v; });
    case UnaryFunction::kSqrt:
      return Map(x, count, out, [](float v) { return std::sqrt(v); });
    case UnaryFunction::kRsqrt:
      return Map(x, count, out, [](float v) { return 1 / std::sqrt(v); });
    case UnaryFunction::kReciprocal:
      return Map(x, count, out, [](float v) { return 1 / v; });
    case UnaryFunction::kFloor:
      return Map(x, count, out, [](float v) { return std::floor(v); });
    case UnaryFunction::kCeil:
      return Map(x, count, out, [](float v) { return std::ceil(v); });
    case UnaryFunction::kRound:
      return Map(x, count, out, [](float v) { return std::nearbyint(v); });
    case UnaryFunction::kLog:
      return Map(x, count, out, [](float v) { return std::log(v); });
    case UnaryFunction::kErf:
      return Map(x, count, out, [](float v) { return std::erf(v); });
    case UnaryFunction::kSin:
      return Map(x, count, out, [](float v) { return std::sin(v); });
    case UnaryFunction::kCos:
      return Map(x, count, out, [](float v) { return std::cos(v); });
    default:
      return Map(x, count, out, [&](float v) { return static_cast<float>(reference::ApplyUnary(attributes, v)); });
  }
}

bool ComparesRows(BinaryFunction function) {
  return function == BinaryFunction::kEqual || function == BinaryFunction::kLess ||
         function == BinaryFunction::kLessOrEqual;
}

bool HasBinaryRow(BinaryFunction function) {
  return function == BinaryFunction::kAdd || function == BinaryFunction::kSub || function == BinaryFunction::kMul ||
         function == BinaryFunction::kDiv || function == BinaryFunction::kMax || function == BinaryFunction::kMin ||
         function == BinaryFunction::kPow || ComparesRows(function);
}

PLUMB_FOR_WIDER_VECTORS
void BinaryRow(BinaryFunction function, const float* a, uint64_t a_step, const float* b, uint64_t b_step,
               uint64_t count, void* out) {
  switch (function) {
    case BinaryFunction::kAdd:
      return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return x + y; });
    case BinaryFunction::kSub:
      return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return x - y; });
    case BinaryFunction::kMul:
      return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return x * y; });
    case BinaryFunction::kDiv:
      return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return x / y; });
    case BinaryFunction::kMax:
      return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return x > y || x != x ? x : y; });
    case BinaryFunction::kMin:
      return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return x < y || x != x ? x : y; });
    case BinaryFunction::kEqual:
      return Combine<bool>(a, a_step, b, b_step, count, out, [](float x, float y) { return x == y; });
    case BinaryFunction::kLess:
      return Combine<bool>(a, a_step, b, b_step, count, out, [](float x, float y) { return x < y; });
    case BinaryFunction::kLessOrEqual:
      return Combine<bool>(a, a_step, b, b_step, count, out, [](float x, float y) { return x <= y; });
    default:
      break;
  }
  if (b_step == 0 && *b == 2) {  // The power that variances take.
    return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float) { return x * x; });
  }
  return Combine<float>(a, a_step, b, b_step, count, out, [](float x, float y) { return std::pow(x, y); });
}

}  // namespace plumb::onednn
