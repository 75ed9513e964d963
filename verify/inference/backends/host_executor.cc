#include <chrono>
#include <new>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/backends/host_plan.h"

namespace plumb {
namespace {

absl::Status NoMemory(const Node& node) {
  return absl::ResourceExhaustedError(
      fmt::format("no memory for \"{}\", a tensor of shape {}", node.name, ShapeText(node.shape)));
}

// The state of one run.
class HostRun {
 public:
  HostRun(const HostPlan& plan, const RunInputs& inputs)
      : plan_(plan), inputs_(inputs), buffers_(plan.graph.nodes().size()) {}

  absl::Status Step(const HostStep& step) {
    const Node& node = plan_.graph.node(step.node);
    if (inputs_.cancelled != nullptr && inputs_.cancelled->load()) return absl::CancelledError("cancelled");
    if (step.kernels != nullptr) {
      PLUMB_RETURN_IF_ERROR(Compute(*step.kernels, node, buffers_[step.node]));
    }
    for (ValueId id : step.freed_after) buffers_[id].Free();
    return absl::OkStatus();
  }

  absl::StatusOr<RunResult> Finish() {
    const Node& node = plan_.graph.node(plan_.graph.output());
    std::span<const float> values = buffers_[plan_.storage[plan_.graph.output()]].values();
    RunResult result;
    try {
      result.output.assign(values.begin(), values.end());
    } catch (const std::bad_alloc&) {
      return NoMemory(node);
    }
    meter_.Add(values.size_bytes());
    result.peak_bytes = meter_.peak_bytes();
    return result;
  }

 private:
  absl::Status Compute(const HostKernels& kernels, const Node& node, HostBuffer& out) {
    std::vector<HostBuffer> weights;  // Freed on return: decoded for this operator alone.
    std::vector<HostTensor> operands;
    for (ValueId id : node.inputs) {
      const Node& operand = plan_.graph.node(id);
      HostTensor tensor{.shape = &operand.shape};
      if (operand.op == OpKind::kInput) {
        PLUMB_RETURN_IF_ERROR(FindInput(operand, tensor));
      } else if (operand.op == OpKind::kWeight) {
        weights.emplace_back(*ElementCount(operand.shape), meter_);
        if (weights.back().data() == nullptr) return NoMemory(operand);
        if (inputs_.weights == nullptr) return InvalidArgument("the run was given no weights");
        PLUMB_RETURN_IF_ERROR(inputs_.weights->Load(operand.name, weights.back().values()));
        tensor.values = weights.back().values();
      } else {
        tensor.values = buffers_[plan_.storage[id]].values();
      }
      operands.push_back(tensor);
    }
    out = HostBuffer(*ElementCount(node.shape), meter_);
    if (out.data() == nullptr) return NoMemory(node);
    absl::Status status = kernels.Compute(node, operands, {&node.shape, out.values()});
    return status.ok() ? status : Annotate(status, fmt::format("{} \"{}\"", OpName(node.op), node.name));
  }

  absl::Status FindInput(const Node& node, HostTensor& tensor) const {
    if (auto ids = inputs_.ids.find(node.name); ids != inputs_.ids.end() && node.type == ElementType::kI32) {
      tensor.ids = ids->second;
    }
    if (auto values = inputs_.values.find(node.name);
        values != inputs_.values.end() && node.type == ElementType::kF32) {
      tensor.values = values->second;
    }
    const uint64_t found = tensor.ids.size() + tensor.values.size();
    if (found == *ElementCount(node.shape)) return absl::OkStatus();
    return InvalidArgument(fmt::format("input \"{}\" has {} elements of its type, expected shape {}", node.name, found,
                                       ShapeText(node.shape)));
  }

  const HostPlan& plan_;
  const RunInputs& inputs_;
  MemoryMeter meter_;
  std::vector<HostBuffer> buffers_;
};

class HostExecutable : public Executable {
 public:
  explicit HostExecutable(HostPlan plan) : plan_(std::move(plan)) {}

  const PlanSummary& summary() const override { return plan_.summary; }

  absl::StatusOr<RunResult> Run(const RunInputs& inputs) const override {
    const auto start = std::chrono::steady_clock::now();
    HostRun run(plan_, inputs);
    for (const HostStep& step : plan_.steps) PLUMB_RETURN_IF_ERROR(run.Step(step));
    PLUMB_ASSIGN_OR_RETURN(RunResult result, run.Finish());
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

 private:
  HostPlan plan_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executable>> PlanOnHost(const Graph& graph, const HostKernels& kernels) {
  PLUMB_ASSIGN_OR_RETURN(HostPlan plan, MakeHostPlan(graph, kernels));
  return std::make_unique<HostExecutable>(std::move(plan));
}

}  // namespace plumb
