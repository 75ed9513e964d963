// Backends whose tensors lie in this process's memory: they give kernels, and the executor here does the rest.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_KERNELS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_KERNELS_H_

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"

namespace plumb {

// An operand. Only the span of its node's element type is set.
struct HostTensor {
  const Shape* shape = nullptr;
  std::span<const float> values;
  std::span<const int32_t> ids;
};

// Where a kernel writes its result: exactly the shape's elements, aligned to 4 bytes, not overlapping an operand.
struct HostOutput {
  const Shape* shape = nullptr;
  std::span<float> values;
};

// Computes single operators. Stateless and thread-safe.
class HostKernels {
 public:
  virtual ~HostKernels() = default;
  // Whether Compute can do this node of this graph.
  virtual bool Supports(const Graph& graph, const Node& node) const = 0;
  // REQUIRES: Supports. Writes every element of `output` and nothing else.
  virtual absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const = 0;
};

// The kernels of `reference`: every primitive operator.
const HostKernels& ReferenceKernels();

// Prepares a graph for `kernels`, with `reference` for what they lack. Composites that the kernels do not support
// are lowered. An intermediate is freed after its last use; a weight is decoded when an operator needs it and freed
// after that operator, so that memory holds one layer's weights at a time.
absl::StatusOr<std::unique_ptr<Executable>> PlanOnHost(const Graph& graph, const HostKernels& kernels);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_KERNELS_H_
