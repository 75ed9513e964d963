// Opening the model of a smoke case, whatever format it has.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_OPEN_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_OPEN_MODEL_H_

#include <memory>

#include "plumb/inference/smoke.h"
#include "verify/inference/runnable_model.h"

namespace plumb {

// A GGUF or ONNX file when `wanted` names one as both config and weights; otherwise a config.json and its weights.
// Reads no weights but those that are part of a description, for which options.await_tensor is asked. Errors: those of
// LoadedModel::Open, GgufModel::New and OnnxCase::Open.
absl::StatusOr<std::unique_ptr<RunnableModel>> OpenModel(const Directory& folder, const SmokeCase& wanted,
                                                         const SmokeOptions& options);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_OPEN_MODEL_H_
