#include <exception>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/registry.h"

namespace plumb {
namespace {

class Kernels : public HostKernels {
 public:
  bool Supports(const Graph&, const Node& node) const override { return !IsComposite(node.op); }

  absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const override {
    try {
      return Dispatch(node, operands, output);
    } catch (const std::exception& error) {  // No memory for scratch space, or no thread.
      return absl::ResourceExhaustedError(error.what());
    }
  }

 private:
  static absl::Status Dispatch(const Node& node, std::span<const HostTensor> operands, HostOutput output) {
    switch (node.op) {
      case OpKind::kGather:
        return reference::Gather(operands, output);
      case OpKind::kUnary:
        reference::Unary(std::get<UnaryAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kBinary:
        reference::Binary(std::get<BinaryAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kScale:
        reference::Scale(std::get<ScaleAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kMatMul:
        reference::MatMul(std::get<MatMulAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kLayerNorm:
        reference::LayerNorm(std::get<LayerNormAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kSoftmax:
        reference::Softmax(operands, output);
        break;
      case OpKind::kCausalMask:
        reference::CausalMask(operands, output);
        break;
      case OpKind::kReshape:
        reference::Reshape(operands, output);
        break;
      case OpKind::kTranspose:
        reference::Transpose(std::get<TransposeAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kSlice:
        reference::Slice(std::get<SliceAttributes>(node.attributes), operands, output);
        break;
      case OpKind::kInput:
      case OpKind::kWeight:
      case OpKind::kAttention:
        return Internal(fmt::format("reference has no kernel for {}", OpName(node.op)));
    }
    return absl::OkStatus();
  }
};

class Reference : public Backend {
 public:
  std::string_view name() const override { return "reference"; }
  std::string description() const override { return "portable C++, accumulates in double"; }
  absl::Status Available() const override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph) const override {
    return PlanOnHost(graph, ReferenceKernels());
  }
};

}  // namespace

const HostKernels& ReferenceKernels() {
  static const Kernels kKernels;
  return kKernels;
}

const Backend& ReferenceBackend() {
  static const Reference kBackend;
  return kBackend;
}

}  // namespace plumb
