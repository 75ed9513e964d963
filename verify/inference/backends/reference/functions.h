// The functions of single elements.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_FUNCTIONS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_FUNCTIONS_H_

#include <cstdint>

#include "plumb/inference/op.h"

namespace plumb::reference {

// f(x) in double, limits at the infinities, NaN for NaN (but for kIsNan and kIsInf, which give 0 or 1).
double ApplyUnary(const UnaryAttributes& attributes, double x);
// f(x) of integers and bools; x for functions that integers do not have.
int64_t ApplyUnaryInteger(UnaryFunction function, int64_t x);
uint64_t ApplyUnaryInteger(UnaryFunction function, uint64_t x);

// f(a, b) in double; NaN when either is.
double ApplyBinary(BinaryFunction function, double a, double b);
// f(a, b) of integers of `bits` bits. A division or remainder by 0 gives 0, a shift by `bits` or more shifts all out.
int64_t ApplyBinaryInteger(BinaryFunction function, int64_t a, int64_t b, unsigned bits);
uint64_t ApplyBinaryInteger(BinaryFunction function, uint64_t a, uint64_t b, unsigned bits);

template <typename T>
bool ApplyComparison(BinaryFunction function, T a, T b) {
  return function == BinaryFunction::kEqual ? a == b : function == BinaryFunction::kLess ? a < b : a <= b;
}

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_FUNCTIONS_H_
