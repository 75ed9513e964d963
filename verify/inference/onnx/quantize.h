// What the operators on quantised integers have in common.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_QUANTIZE_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_QUANTIZE_H_

#include "verify/inference/onnx/call.h"

namespace plumb::onnx {

// A tensor as integers: x is about (y - zero) * scale.
struct Quantised {
  Value y;
  Value scale;
  Value zero;
};

// clamp(round(x) + zero) as `type`, which has 8 or 16 bits; `zero` may be absent.
Value Saturate(Emitter& e, const Value& x, const Value& zero, ElementType type);
// To uint8 by the least and the largest element: ONNX's DynamicQuantizeLinear.
Quantised QuantizeByRange(Emitter& e, const Value& x);
// Integers less their zero point, which may be absent, as int32. `by_row`: a list of zero points is one for each row.
Value Centred(Emitter& e, const Value& x, const Value& zero, bool by_row);
// (x - zero) * scale, where all are scalars but x; a scale or zero point of one element counts as a scalar.
Value Dequantised(Emitter& e, const Value& x, const Value& scale, const Value& zero);
// The scalar in a tensor of one element; others stay as they are.
Value AsScalar(Emitter& e, const Value& x);

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_QUANTIZE_H_
