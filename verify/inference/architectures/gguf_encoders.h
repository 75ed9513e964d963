// Encoders, and those with a decoder, described by GGUF key-values. Their tensors go by their GGUF names.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_ENCODERS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_ENCODERS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "verify/inference/architectures/gguf_keys.h"

namespace plumb {

// INVALID_ARGUMENT (ErrorClass::kPolicy) names the key.
absl::StatusOr<std::unique_ptr<Model>> ParseGgufBert(GgufKeys file);
absl::StatusOr<std::unique_ptr<Model>> ParseGgufT5(GgufKeys file);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_ENCODERS_H_
