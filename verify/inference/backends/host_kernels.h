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

// How an operator wants one of its weights.
struct WeightForm {
  ElementType type = ElementType::kF32;  // Or kBF16: rounded to it, halves to even.
  uint64_t packed_bytes = 0;             // Not 0: arranged by PreparedOp::Pack into that many bytes.
  auto operator<=>(const WeightForm&) const = default;
};

// One operator of a plan, made ready: all that does not depend on values has been done. Thread-safe.
class PreparedOp {
 public:
  virtual ~PreparedOp() = default;
  // Memory that Run works in, aligned to 64.
  virtual uint64_t scratch_bytes() const { return 0; }
  // The form in which Run wants operand `index`, if that is a weight.
  virtual WeightForm FormOf(size_t /*index*/) const { return {}; }
  // Arranges a weight of FormOf(index).type. REQUIRES: FormOf(index).packed_bytes == out.size() > 0.
  virtual absl::Status Pack(size_t /*index*/, const HostTensor& /*weight*/, std::span<uint8_t> /*out*/) const {
    return absl::OkStatus();
  }
  // Writes every element of `output` and nothing else. Weights come in their forms: those in bfloat16 and those packed
  // as `view` alone. REQUIRES: scratch.size() == scratch_bytes().
  virtual absl::Status Run(std::span<const HostTensor> operands, HostOutput output,
                           std::span<uint8_t> scratch) const = 0;
};

// Computes single operators. Stateless and thread-safe.
class HostKernels {
 public:
  virtual ~HostKernels() = default;
  // Whether the other calls can do this node of this graph.
  virtual bool Supports(const Graph& graph, const Node& node) const = 0;
  // REQUIRES: Supports. `keeps_weights`: weights are decoded once and used often, so that packing them pays. By default
  // a PreparedOp that calls Compute. The graph need not outlive the result.
  virtual absl::StatusOr<std::unique_ptr<PreparedOp>> Prepare(const Graph& graph, const Node& node,
                                                              bool keeps_weights) const;
  // REQUIRES: Supports. Writes every element of `output` and nothing else. By default prepares the node and runs it.
  virtual absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const;
};

// The kernels of `reference`: every primitive operator.
const HostKernels& ReferenceKernels();

// Whether an operator copies elements and never computes with them: where tensors lie in this process's memory, a
// backend may leave that to `reference`'s kernels and call it its own work.
bool IsMovement(OpKind op);

// Prepares a graph for `kernels`, with `reference` for what they lack. Composites that the kernels do not support
// are lowered. Intermediates and scratch memory have fixed places in one arena, shared by those that are not needed at
// the same time. Unless `options` allow to keep them, weights are freed after their operator: memory holds one
// operator's at a time, and those of the next one while they are decoded beside it. A gather of rows from a weight
// decodes those rows only. `kernels` must live as long as the executable.
absl::StatusOr<std::unique_ptr<Executable>> PlanOnHost(const Graph& graph, const HostKernels& kernels,
                                                       const PlanOptions& options);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_KERNELS_H_
