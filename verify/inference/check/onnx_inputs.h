// Inputs for an ONNX model of which none are recorded.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_ONNX_INPUTS_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_ONNX_INPUTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "plumb/inference/onnx.h"

namespace plumb {

// Inputs that every program makes alike, by the names that exported transformers give them: masks are 1, position ids
// count from 0, token types are 0, rates 16000, flags false, a past is empty, other integers are pseudo-random ids
// below the rows of the tables that they index, floats are spread over [-1, 1). `positions` says how long sequences
// are; when the model cannot be specialised so, the first of 512, 64, 8 and 1 with which it can, and with pictures and
// sounds of other usual sizes (onnx_shapes.h). UNIMPLEMENTED, with the first reason, when it cannot be for any, and
// naming the dimensions of which nothing says how large they may be: nothing is known about the model then.
absl::StatusOr<OnnxValues> ChooseOnnxInputs(const OnnxModel& model, uint64_t positions);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_ONNX_INPUTS_H_
