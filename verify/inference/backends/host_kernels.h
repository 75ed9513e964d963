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

// An operand. `values` is set for float32, `ids` for int32, `view` always.
struct HostTensor {
  const Shape* shape = nullptr;
  std::span<const float> values;
  std::span<const int32_t> ids;
  TensorView view;

  static HostTensor Of(const Shape& shape, const TensorView& view) {
    HostTensor tensor = {&shape, {}, {}, view};
    if (view.type == ElementType::kF32) tensor.values = view.As<float>();
    if (view.type == ElementType::kI32) tensor.ids = view.As<int32_t>();
    return tensor;
  }
};

// Where a kernel writes its result: exactly the shape's elements, aligned to their size, not overlapping an operand.
// `values` is set for float32, `bytes` always.
struct HostOutput {
  const Shape* shape = nullptr;
  std::span<float> values;
  ElementType type = ElementType::kF32;
  std::span<uint8_t> bytes;

  static HostOutput Of(const Shape& shape, ElementType type, std::span<uint8_t> bytes) {
    HostOutput output = {&shape, {}, type, bytes};
    if (type == ElementType::kF32)
      output.values = {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
    return output;
  }
  // REQUIRES: type == ElementTypeOf<T>().
  template <typename T>
  std::span<T> As() const {
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
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
// are lowered. An intermediate is freed after its last use; unless `options` allow to keep them, a weight is decoded
// when an operator needs it and freed after that operator, so that memory holds one operator's weights at a time.
absl::StatusOr<std::unique_ptr<Executable>> PlanOnHost(const Graph& graph, const HostKernels& kernels,
                                                       const PlanOptions& options);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_KERNELS_H_
