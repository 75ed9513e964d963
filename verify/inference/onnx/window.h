// Attributes that convolutions and pooling share.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_WINDOW_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_WINDOW_H_

#include "verify/inference/onnx/call.h"

namespace plumb::onnx {

// Strides, dilations, groups and padding of a window of `kernel` over the spatial dimensions of `x`, with auto_pad
// resolved. Fails when an attribute is not given for each of them.
WindowAttributes ReadWindow(Call& c, const Value& x, const Shape& kernel);

// The attribute kernel_shape; `otherwise` when it is not given.
Shape ReadKernel(Call& c, Shape otherwise);

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_WINDOW_H_
