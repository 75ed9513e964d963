// Encoders, and those with a decoder, described by GGUF key-values. Their tensors go by their GGUF names.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_ENCODERS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_ENCODERS_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/gguf_keys.h"
#include "verify/inference/architectures/pooling.h"

namespace plumb {

// INVALID_ARGUMENT (ErrorClass::kPolicy) names the key.
absl::StatusOr<std::unique_ptr<Model>> ParseGgufBert(GgufKeys file);
absl::StatusOr<std::unique_ptr<Model>> ParseGgufModernBert(GgufKeys file);
absl::StatusOr<std::unique_ptr<Model>> ParseGgufT5(GgufKeys file);

// Where a GGUF file keeps the weights of BERT's encoder, which has no pooler there.
void UseGgufBertNames(BertLike& model);

// `pooling_type`: nothing when it is absent or says so.
std::optional<Pooling> ReadGgufPooling(GgufKeys& file);
// `attention.causal` must be false.
void RefuseCausal(GgufKeys& file);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_ENCODERS_H_
