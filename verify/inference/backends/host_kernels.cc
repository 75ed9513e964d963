#include "verify/inference/backends/host_kernels.h"

#include <string>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/host_buffer.h"

namespace plumb {
namespace {

// An operator of kernels that have nothing to prepare.
class ComputedOp : public PreparedOp {
 public:
  ComputedOp(const HostKernels& kernels, Node node) : kernels_(kernels), node_(std::move(node)) {}

  absl::Status Run(std::span<const HostTensor> operands, HostOutput output, std::span<uint8_t>) const override {
    return kernels_.Compute(node_, operands, output);
  }

 private:
  const HostKernels& kernels_;
  const Node node_;
};

}  // namespace

bool IsMovement(OpKind op) {
  switch (op) {
    case OpKind::kWhere:
    case OpKind::kCast:
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kSlice:
    case OpKind::kConcat:
    case OpKind::kPad:
    case OpKind::kExpand:
    case OpKind::kGather:
    case OpKind::kGatherElements:
    case OpKind::kGatherNd:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<std::unique_ptr<PreparedOp>> HostKernels::Prepare(const Graph&, const Node& node, bool) const {
  return std::make_unique<ComputedOp>(*this, node);
}

absl::Status HostKernels::Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const {
  GraphBuilder builder;
  std::vector<ValueId> ids;
  for (const HostTensor& operand : operands) {
    ids.push_back(builder.Input(fmt::format("x{}", ids.size()), operand.view.type, *operand.shape));
  }
  PLUMB_ASSIGN_OR_RETURN(Graph graph,
                         builder.Build(builder.Append(node.op, node.name, std::move(ids), node.attributes)));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<PreparedOp> prepared, Prepare(graph, graph.node(graph.output()), false));
  MemoryMeter meter;
  HostBuffer scratch(prepared->scratch_bytes(), meter);
  if (scratch.data() == nullptr) return absl::ResourceExhaustedError("no memory for scratch space");
  return prepared->Run(operands, output, scratch.bytes());
}

}  // namespace plumb
