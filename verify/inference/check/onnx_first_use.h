// The first operator of an ONNX model whose weights say what an input must be like.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_ONNX_FIRST_USE_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_ONNX_FIRST_USE_H_

#include <cstdint>
#include <string_view>

#include "plumb/onnx/proto.h"

namespace plumb {

// What a convolution's or a product's weights say of an input.
struct OnnxFirstUse {
  size_t rank = 0;        // Of the operand of a convolution; 0: none was found.
  uint64_t channels = 0;  // Of that operand.
  size_t channel_axis = 1;
  bool adds_dimensions = false;  // The input has fewer dimensions than the operand.
  uint64_t width = 0;            // Of the last dimension that a product takes; 0: none was found.
};

// Follows the input through operators that change no dimension, and turned or widened ones.
OnnxFirstUse FindFirstUse(const OnnxGraph& graph, std::string_view input);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_ONNX_FIRST_USE_H_
