// What an ONNX model says beside its weights, as one hash.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_ONNX_HASH_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_ONNX_HASH_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/onnx/file.h"

namespace plumb {

// `plumb-onnx-1:sha256:` and 64 digits, over the file itself and not over what Plumb makes of it: each value is hashed
// from its operator, domain, attributes (floats by their bits, sub-graphs too) and operands' hashes; inputs by their
// names and types; tensors of up to 1,024 elements by their elements, larger ones by name, type and shape; operator
// sets, functions, and the outputs with their names. Names and order of nodes, and what no output needs, do not count.
absl::StatusOr<std::string> OnnxHash(const OnnxFile& file);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_ONNX_HASH_H_
