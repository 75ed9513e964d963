// Goldens of ONNX models: inputs `in.NAME` and outputs `out.NAME` in their own types.
//
// Of an output of more than 2^18 elements `sample.NAME` holds about as many that are spread over it. Inputs and outputs
// of other programs may be stored in the same way, without metadata.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_ONNX_GOLDEN_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_ONNX_GOLDEN_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/inference/golden.h"
#include "plumb/inference/onnx.h"

namespace plumb {

// The output itself, or [n] of its elements when it is too large to be recorded whole.
TensorValue SampleOutput(const TensorValue& output);

// Reads a golden and checks it against the model: an input for each that has no default, of its type and with the sizes
// that are declared; every output; no others; no NaN, and finite outputs. INVALID_ARGUMENT (ErrorClass::kPolicy) names
// what is wrong.
absl::StatusOr<Golden> LoadOnnxGolden(const Directory& folder, const std::string& path, const OnnxModel& model);

// The bytes of a golden; `golden.outputs` are whole and in the order of `outputs`. `extra` is added to the metadata.
absl::StatusOr<std::string> SerializeOnnxGolden(const Golden& golden, const std::vector<std::string>& outputs,
                                                const std::map<std::string, std::string>& extra);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_ONNX_GOLDEN_H_
