// The blocked matrix product of `reference`, shared by the operators that come down to one.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_MATRIX_PRODUCT_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_MATRIX_PRODUCT_H_

#include <cstdint>

namespace plumb::reference {

// A matrix by its strides, so that transposes need no copy.
struct Matrix {
  const float* data = nullptr;
  uint64_t rows = 0;
  uint64_t columns = 0;
  uint64_t row_stride = 0;
  uint64_t column_stride = 0;

  double At(uint64_t row, uint64_t column) const { return data[row * row_stride + column * column_stride]; }
};

// Where a product goes, and what is added to it before it is rounded; nullptr: nothing.
struct ProductTarget {
  float* data = nullptr;
  uint64_t row_stride = 0;
  const float* column_bias = nullptr;
  const float* row_bias = nullptr;
};

// a b + biases, summed in double over k in order. REQUIRES: a.columns == b.rows.
void MultiplyMatrices(const Matrix& a, const Matrix& b, const ProductTarget& target);

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_MATRIX_PRODUCT_H_
