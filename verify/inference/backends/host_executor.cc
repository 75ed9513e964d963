#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/backends/host_plan.h"
#include "verify/inference/backends/host_weights.h"
#include "verify/inference/backends/run_inputs.h"

namespace plumb {
namespace {

// The state of one run.
class HostRun {
 public:
  HostRun(const HostPlan& plan, const RunInputs& inputs, HostWeights& weights, MemoryMeter& meter)
      : plan_(plan), inputs_(inputs), weights_(weights), meter_(meter), buffers_(plan.graph.nodes().size()) {}

  absl::Status Step(const HostStep& step) {
    const Node& node = plan_.graph.node(step.node);
    if (inputs_.cancelled != nullptr && inputs_.cancelled->load()) return absl::CancelledError("cancelled");
    if (step.kernels != nullptr) {
      PLUMB_RETURN_IF_ERROR(Compute(*step.kernels, node, buffers_[step.node]));
    }
    if (inputs_.observer) inputs_.observer(node, {node.type, buffers_[plan_.storage[step.node]].bytes()});
    for (ValueId id : step.freed_after) buffers_[id].Free();
    return absl::OkStatus();
  }

  absl::StatusOr<RunResult> Finish() {
    RunResult result;
    for (ValueId id : plan_.graph.outputs()) {
      const Node& node = plan_.graph.node(id);
      std::vector<LoadedWeight> held;
      PLUMB_ASSIGN_OR_RETURN(HostTensor value, Operand(id, held));
      try {
        result.outputs.push_back({node.type, node.shape, {value.view.bytes.begin(), value.view.bytes.end()}});
      } catch (const std::bad_alloc&) {
        return NoMemory(node);
      }
      meter_.Add(value.view.bytes.size());
    }
    result.peak_bytes = meter_.peak_bytes();
    for (const TensorValue& output : result.outputs) meter_.Remove(output.bytes.size());
    return result;
  }

 private:
  absl::Status Compute(const HostKernels& kernels, const Node& node, HostBuffer& out) {
    std::vector<LoadedWeight> held;  // Freed on return: decoded for this operator alone.
    std::vector<HostTensor> operands;
    std::vector<int32_t> row_ids;
    Shape row_shape;
    if (ReadsRows(plan_.graph, node)) {
      PLUMB_ASSIGN_OR_RETURN(HostTensor ids, Operand(node.inputs[1], held));
      PLUMB_ASSIGN_OR_RETURN(LoadedWeight rows,
                             weights_.LoadRows(plan_.graph.node(node.inputs[0]), ids, node, row_ids));
      row_shape = plan_.graph.node(node.inputs[0]).shape;
      row_shape[0] = row_ids.size();
      held.push_back(std::move(rows));
      operands.push_back(HostTensor::Of(row_shape, TensorView::Of<float>(held.back().values())));
      operands.push_back(HostTensor::Of(*ids.shape, TensorView::Of<int32_t>(row_ids)));
    } else {
      for (ValueId id : node.inputs) {
        PLUMB_ASSIGN_OR_RETURN(HostTensor operand, Operand(id, held));
        operands.push_back(operand);
      }
    }
    out = HostBuffer(ResultBytes(node), meter_);
    if (out.data() == nullptr) return NoMemory(node);
    absl::Status status = kernels.Compute(node, operands, HostOutput::Of(node.shape, node.type, out.bytes()));
    return status.ok() ? status : Annotate(status, fmt::format("{} \"{}\"", OpName(node.op), node.name));
  }

  // A value, wherever it lies; `held` keeps what was decoded for it.
  absl::StatusOr<HostTensor> Operand(ValueId id, std::vector<LoadedWeight>& held) {
    const Node& node = plan_.graph.node(id);
    if (node.op == OpKind::kInput) return FindInput(inputs_, node);
    if (node.op == OpKind::kConstant) {
      return HostTensor::Of(node.shape, std::get<ConstantAttributes>(node.attributes).value->view());
    }
    if (node.op == OpKind::kWeight) {
      PLUMB_ASSIGN_OR_RETURN(LoadedWeight weight, weights_.Load(node));
      held.push_back(std::move(weight));
      return HostTensor::Of(node.shape, TensorView::Of<float>(held.back().values()));
    }
    return HostTensor::Of(node.shape, {node.type, buffers_[plan_.storage[id]].bytes()});
  }

  const HostPlan& plan_;
  const RunInputs& inputs_;
  HostWeights& weights_;
  MemoryMeter& meter_;
  std::vector<HostBuffer> buffers_;
};

class HostExecutable : public Executable {
 public:
  HostExecutable(HostPlan plan, const PlanOptions& options) : plan_(std::move(plan)), kept_(plan_, options, meter_) {}

  const PlanSummary& summary() const override { return plan_.summary; }

  absl::StatusOr<RunResult> Run(const RunInputs& inputs) const override {
    const auto start = std::chrono::steady_clock::now();
    kept_.Begin(inputs.weights);
    HostRun run(plan_, inputs, kept_, meter_);
    for (const HostStep& step : plan_.steps) PLUMB_RETURN_IF_ERROR(run.Step(step));
    PLUMB_ASSIGN_OR_RETURN(RunResult result, run.Finish());
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

 private:
  HostPlan plan_;
  mutable MemoryMeter meter_;
  mutable HostWeights kept_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executable>> PlanOnHost(const Graph& graph, const HostKernels& kernels,
                                                       const PlanOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(HostPlan plan, MakeHostPlan(graph, kernels));
  return std::make_unique<HostExecutable>(std::move(plan), options);
}

}  // namespace plumb
