// Reads ONNX's protobuf messages without copying tensors.
#ifndef PLUMB_ONNX_PARSE_H_
#define PLUMB_ONNX_PARSE_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "plumb/onnx/proto.h"

namespace plumb {

// A ModelProto. The result borrows `bytes`. INVALID_ARGUMENT (ErrorClass::kPolicy) names the message and the rule that
// is broken: truncated or overlong numbers, fields of a wrong wire type, names that are not UTF-8, negative sizes,
// products that overflow, nesting deeper than limits::kOnnxDepthMax, more messages than limits::kOnnxMessagesMax, a
// model without graph or operator set. Unknown fields are skipped.
absl::StatusOr<OnnxModelProto> ParseOnnxModel(std::span<const uint8_t> bytes);

// A TensorProto alone, as test data are stored.
absl::StatusOr<OnnxTensor> ParseOnnxTensor(std::span<const uint8_t> bytes);

// True when the bytes begin like a ModelProto: an IR version that exists, then another field of one.
bool LooksLikeOnnx(std::span<const uint8_t> head);

}  // namespace plumb

#endif  // PLUMB_ONNX_PARSE_H_
