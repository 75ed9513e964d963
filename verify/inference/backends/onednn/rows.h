// Loops over rows of float32 that compilers make vectors of: what oneDNN has not, or defines otherwise than
// plumb/inference/op.h.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_ROWS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_ROWS_H_

#include <cstdint>

#include "plumb/inference/op.h"

namespace plumb::onednn {

// Whether all elements are finite.
bool AllFinite(const float* x, uint64_t count);
// Softmax of one row; `out` may be `x`.
void SoftmaxRow(const float* x, uint64_t width, float* out);
// `bias` may be nullptr.
void LayerNormRow(const float* x, const float* gain, const float* bias, uint64_t width, double epsilon, float* out);
void RmsNormRow(const float* x, const float* gain, uint64_t width, const RmsNormAttributes& attributes, float* out);
// x[i] = cap * tanh(x[i] / cap).
void CapRow(float* x, uint64_t width, float cap);
// x[i] += term[i * step], step 0 or 1.
void AddToRow(float* x, const float* term, uint64_t step, uint64_t width);
// out = factor * x.
void ScaleRow(const float* x, uint64_t width, float factor, float* out);
// (a, b) -> (a cos - b sin, b cos + a sin).
void RotateHalves(const float* a, const float* b, const float* cosine, const float* sine, uint64_t pairs, float* out_a,
                  float* out_b);
// The same for pairs that lie side by side.
void RotatePairs(const float* x, const float* cosine, const float* sine, uint64_t pairs, float* out);
// Bits of the nearest bfloat16.
void RoundRow(const float* x, uint64_t count, uint16_t* out);
// Sum (in double), largest, smallest or product of a row that is not empty; NaN when it holds one.
double ReduceRow(ReduceFunction function, const float* x, uint64_t count);
// sums[i] = combine(sums[i], x[i]); kMean adds like kSum.
void ReduceInto(ReduceFunction function, const float* x, uint64_t count, double* sums);

// Whether UnaryRow knows the function.
bool HasUnaryRow(UnaryFunction function);
void UnaryRow(const UnaryAttributes& attributes, const float* x, uint64_t count, float* out);
// Whether BinaryRow knows the function; kEqual, kLess and kLessOrEqual write bools.
bool HasBinaryRow(BinaryFunction function);
bool ComparesRows(BinaryFunction function);
// out[i] = f(a[i * a_step], b[i * b_step]); steps are 0 or 1.
void BinaryRow(BinaryFunction function, const float* a, uint64_t a_step, const float* b, uint64_t b_step,
               uint64_t count, void* out);

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_ROWS_H_
