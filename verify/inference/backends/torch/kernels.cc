#include "verify/inference/backends/torch/kernels.h"

#include <vector>

#include "plumb/base/status.h"
#include "verify/inference/backends/torch/torch_library.h"

namespace plumb {
namespace {

// The module's operators as host kernels.
class Kernels : public HostKernels {
 public:
  explicit Kernels(const torch_module::Calls& calls) : calls_(calls) {}

  bool Supports(const Graph& graph, const Node& node) const override {
    return IsMovement(node.op) || calls_.supports(node, graph.Operands(node));
  }

  absl::StatusOr<std::unique_ptr<PreparedOp>> Prepare(const Graph& graph, const Node& node,
                                                      bool keeps_weights) const override {
    const bool own = calls_.supports(node, graph.Operands(node));
    return own ? HostKernels::Prepare(graph, node, keeps_weights)
               : ReferenceKernels().Prepare(graph, node, keeps_weights);
  }

  absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const override {
    std::vector<torch_module::Operand> tensors;
    for (const HostTensor& operand : operands) {
      tensors.push_back({operand.view.type, operand.shape, const_cast<uint8_t*>(operand.view.bytes.data())});
    }
    const std::string problem = calls_.compute(node, tensors, {output.type, output.shape, output.bytes.data()});
    return problem.empty() ? absl::OkStatus() : Internal(problem);
  }

 private:
  const torch_module::Calls& calls_;
};

}  // namespace

absl::StatusOr<const HostKernels*> TorchKernels() {
  PLUMB_ASSIGN_OR_RETURN(const torch_module::Calls* calls, LoadTorch());
  static const Kernels kKernels(*calls);
  return &kKernels;
}

}  // namespace plumb
