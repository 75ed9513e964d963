// BERT in the words of GGUF, and back.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_EXPORT_BERT_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_EXPORT_BERT_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "plumb/inference/gguf_description.h"

namespace plumb {

// The encoder of a config whose model_type is "bert": llama.cpp has no heads for it, which is said. How its vectors are
// pooled the config does not say.
absl::StatusOr<GgufDescription> DescribeBertForGguf(const nlohmann::json& config);

// Whether the GGUF file's key-values and tensors give the graph that the config gives, without its head.
// INVALID_ARGUMENT (ErrorClass::kPolicy) when they do not.
absl::Status CheckBertDescription(const nlohmann::json& config, const TensorSource& gguf);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_EXPORT_BERT_H_
