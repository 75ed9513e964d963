// Whether two models of the same weights compute the same, from what stands beside the weights.
//
// Weights alone make no model: another base of the rotations, another epsilon, another activation give another one with
// the same tensors. What is compared is what a description means, where Plumb knows it, and what it says elsewhere.
#ifndef PLUMB_INFERENCE_COMPUTATION_H_
#define PLUMB_INFERENCE_COMPUTATION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// How descriptions differ, each entry a few words: `rope_theta 10000 -> 500000`. Plain value.
struct ComputationDifference {
  std::vector<std::string> changed;  // What the models compute differently for.
  std::vector<std::string> unknown;  // Of which Plumb does not know whether they do.

  bool empty() const { return changed.empty() && unknown.empty(); }
};

// Compares two config.json files key by key. Keys that change nothing (records, training, generation) do not count;
// neither does another spelling of the same. Of a family that Plumb does not know, and of keys that it does not know,
// the differences are `unknown`.
ComputationDifference CompareConfigs(std::string_view a_json, std::string_view b_json);

// Compares a config.json with what a GGUF file says of the same model. Empty where one of the two is not understood.
ComputationDifference CompareConfigWithGguf(std::string_view config_json, const TensorSource& gguf);

// Compares the keys of two GGUF files that describe the model, `llama.rope.freq_base` and its like.
ComputationDifference CompareGgufKeys(const TensorSource& a, const TensorSource& b);

// What an ONNX file says beside its weights, as one hash: equal for two that compute the same with the same weights.
// What OnnxFile::Open returns.
absl::StatusOr<std::string> OnnxComputation(const Directory& folder, std::string_view path);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_COMPUTATION_H_
