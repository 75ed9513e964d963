// Normalisations that several operators share.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_NORMALIZE_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_NORMALIZE_H_

#include "verify/inference/onnx/call.h"

namespace plumb::onnx {

// (x - mean) / sqrt(variance + epsilon) over `axes`, and both measures.
struct Normalized {
  Value result;
  Value mean;
  Value factor;  // 1 / sqrt(variance + epsilon).
};
Normalized Normalize(Emitter& e, const Value& x, const Axes& axes, double epsilon);

// Layer normalisation over the dimensions from `axis` on; gain and bias may be absent.
Value LayerNormFrom(Emitter& e, const Value& x, uint32_t axis, const Value& gain, const Value& bias, double epsilon);

// x / sqrt(mean(x^2) + epsilon) over the dimensions from `axis` on, times the gain where there is one.
Value RmsNormFrom(Emitter& e, const Value& x, uint32_t axis, const Value& gain, double epsilon);

// x - log(sum(exp(x))) along `axis`.
Value LogSoftmaxAlong(Emitter& e, const Value& x, uint32_t axis);

// Softmax along any dimension.
Value SoftmaxAlong(Emitter& e, const Value& x, uint32_t axis);

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_NORMALIZE_H_
