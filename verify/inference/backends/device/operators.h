// The operators that a device computes, each as launches of kernels.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_OPERATORS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_OPERATORS_H_

#include <span>

#include "absl/status/status.h"
#include "plumb/inference/graph.h"
#include "verify/inference/backends/device/device.h"

namespace plumb::device {

// A dense tensor on the device.
struct Operand {
  const Shape* shape = nullptr;
  ElementType type = ElementType::kF32;
  const Memory* memory = nullptr;

  uint64_t count() const { return *ElementCount(*shape); }
};
using Operands = std::span<const Operand>;

// Where a result goes; does not overlap an operand.
struct Result {
  const Shape* shape = nullptr;
  ElementType type = ElementType::kF32;
  Memory* memory = nullptr;

  uint64_t count() const { return *ElementCount(*shape); }
};

// Whether Compute can do this node of this graph: float32; sums, products and convolutions of int32; elements of any
// type where they are only moved. Empty
// tensors and those of 2^31 elements or more are left to `reference`.
bool Supports(const Graph& graph, const Node& node);

// REQUIRES: Supports. Gives the work to the device; INVALID_ARGUMENT for an id outside its table, which is waited for.
absl::Status Compute(Device& device, const Node& node, Operands operands, const Result& result);

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_OPERATORS_H_
