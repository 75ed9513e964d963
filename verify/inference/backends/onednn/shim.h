// The part of oneDNN that Plumb uses, in words that do not change between its major versions.
//
// All matrices and rows are float32 in this process's memory. Functions are thread-safe, write every element of
// their result and nothing else, and return INTERNAL with oneDNN's own words when it fails.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_SHIM_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_SHIM_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "plumb/inference/op.h"

namespace plumb::onednn {

// Most dimensions that a tensor passed here may have.
inline constexpr size_t kRankMax = 6;

// An operand, with strides counted in elements.
struct Operand {
  const float* data = nullptr;
  Shape shape;
  Shape strides;
};

// A dense operand of that shape.
Operand Dense(const float* data, const Shape& shape);

// The library's version and instruction set: `oneDNN 2.6.3, ...`.
std::string Describe();
// OK when the library has a CPU engine.
absl::Status Available();

// Whether Unary can do it.
bool HasUnary(UnaryFunction function);

// out = a b + bias; a [B, M, K], b [B or 1, K, N], bias [N] or nullptr, out [B, M, N] dense.
absl::Status MatMul(const Operand& a, const Operand& b, const float* bias, float* out);
// out = f(x) for a dense x of `count` elements; wrong for elements that are not finite.
absl::Status Unary(UnaryFunction function, const float* x, uint64_t count, float* out);
// out = factor * x.
absl::Status Scale(double factor, const float* x, uint64_t count, float* out);
// out = f(a, b), f one of add, sub, mul, div; `b` has as many dimensions as the dense `a`, each as large or 1.
absl::Status Binary(BinaryFunction function, const Operand& a, const Operand& b, float* out);
// Each row of x [rows, width] normalised, times gain [width], plus bias [width].
absl::Status LayerNorm(const float* x, uint64_t rows, uint64_t width, const float* gain, const float* bias,
                       double epsilon, float* out);
// Softmax of each row; NaN for a row of -Inf.
absl::Status Softmax(const float* x, uint64_t rows, uint64_t width, float* out);
// A dense copy of a strided operand.
absl::Status Copy(const Operand& x, float* out);

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_SHIM_H_
