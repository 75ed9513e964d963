// Limits on ONNX models, as limits.h has them for everything else; apart because few files need them.
#ifndef PLUMB_BASE_ONNX_LIMITS_H_
#define PLUMB_BASE_ONNX_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace plumb::limits {

inline constexpr uint64_t kOnnxBytesMax = (1ull << 31) - 1;  // One protobuf message, as protobuf itself has it.
inline constexpr size_t kOnnxDepthMax = 64;                  // Messages within messages; a sub-graph takes three.
inline constexpr size_t kOnnxMessagesMax = 1u << 21;         // Nodes, attributes, tensors, ... of one file.
inline constexpr size_t kOnnxStepsMax = 1u << 20;            // Operators imported, loops and functions unrolled.
inline constexpr size_t kOnnxCallDepthMax = 32;              // Functions and bodies of control flow within others.
inline constexpr uint64_t kOnnxKnownBytesMax = 4ull << 30;   // Values that are made while a graph is.
inline constexpr double kOnnxKnownCostMax = 1e12;            // Arithmetic for them.

}  // namespace plumb::limits

#endif  // PLUMB_BASE_ONNX_LIMITS_H_
