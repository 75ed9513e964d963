// What stands beside the weights of two models, compared.
#ifndef PLUMB_CLIENT_LIBRARY_BESIDE_WEIGHTS_H_
#define PLUMB_CLIENT_LIBRARY_BESIDE_WEIGHTS_H_

#include "client/library/model_files.h"
#include "plumb/inference/computation.h"

namespace plumb {

// Of config.json with config.json, GGUF's key-values with either, and ONNX's graph with another. Empty when a side has
// none of these, or they say the same.
ComputationDifference DifferenceBeside(const ModelFiles& a, const ModelFiles& b);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_BESIDE_WEIGHTS_H_
