#include <chrono>
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
  HostRun(const HostPlan& plan, const RunInputs& inputs, HostWeights& weights, std::span<uint8_t> arena,
          MemoryMeter& meter)
      : plan_(plan), inputs_(inputs), weights_(weights), arena_(arena), meter_(meter) {
    for (ValueId id : plan.graph.outputs()) {
      result_.outputs.push_back({plan.graph.node(id).type, plan.graph.node(id).shape, {}});
    }
  }
  ~HostRun() {
    meter_.Remove(output_bytes_);
    weights_.End();
  }

  absl::Status Step(const HostStep& step) {
    const Node& node = plan_.graph.node(step.node);
    if (inputs_.cancelled != nullptr && inputs_.cancelled->load()) return absl::CancelledError("cancelled");
    if (plan_.storage[step.node] == step.node) {
      absl::Status status = Compute(step, node);
      if (!status.ok()) return status;
      if (inputs_.disturb) inputs_.disturb(node, Bytes(step.node));
    }
    if (inputs_.observer) inputs_.observer(node, {node.type, Bytes(step.node)});
    return absl::OkStatus();
  }

  absl::StatusOr<RunResult> Finish() {
    for (size_t i = 0; i < result_.outputs.size(); ++i) {
      const ValueId root = plan_.storage[plan_.graph.outputs()[i]];
      if (plan_.places[root].kind == ValuePlace::Kind::kOutput && plan_.places[root].where == i) continue;
      std::vector<LoadedWeight> held;
      PLUMB_ASSIGN_OR_RETURN(HostTensor value, Operand(root, held));
      PLUMB_RETURN_IF_ERROR(MakeOutput(i));
      std::copy(value.view.bytes.begin(), value.view.bytes.end(), result_.outputs[i].bytes.begin());
    }
    result_.peak_bytes = meter_.peak_bytes();
    return std::move(result_);
  }

 private:
  absl::Status Compute(const HostStep& step, const Node& node) {
    std::vector<LoadedWeight> held;  // Freed on return, unless they are kept.
    std::vector<HostTensor> operands;
    PLUMB_RETURN_IF_ERROR(GatherOperands(step, node, held, operands));
    if (step.prefetched_step) PLUMB_RETURN_IF_ERROR(Prefetch(plan_.steps[*step.prefetched_step]));
    const ValuePlace& place = plan_.places[step.node];
    if (place.kind == ValuePlace::Kind::kOutput) PLUMB_RETURN_IF_ERROR(MakeOutput(place.where));
    HostOutput output = HostOutput::Of(node.shape, node.type, Bytes(step.node));
    absl::Status status;
    if (step.reads_rows) {
      status = weights_.LoadRows(plan_.graph.node(node.inputs[0]), operands[0], node, output.values);
    } else {
      status = step.op->Run(operands, output, arena_.subspan(step.scratch_offset, step.op->scratch_bytes()));
    }
    return status.ok() ? status : Annotate(status, fmt::format("{} \"{}\"", OpName(node.op), node.name));
  }

  // The ids alone of a step that reads rows.
  absl::Status GatherOperands(const HostStep& step, const Node& node, std::vector<LoadedWeight>& held,
                              std::vector<HostTensor>& operands) {
    auto use = step.weights.begin();
    for (size_t i = step.reads_rows ? 1 : 0; i < node.inputs.size(); ++i) {
      if (use == step.weights.end() || use->operand != i) {
        PLUMB_ASSIGN_OR_RETURN(HostTensor operand, Operand(node.inputs[i], held));
        operands.push_back(operand);
        continue;
      }
      const Node& weight = plan_.graph.node(use->weight);
      PLUMB_ASSIGN_OR_RETURN(LoadedWeight loaded, weights_.Load(weight, use->form, step.op.get(), i));
      operands.push_back(HostTensor::Of(weight.shape, loaded.view()));
      held.push_back(std::move(loaded));
      ++use;
    }
    return absl::OkStatus();
  }

  absl::Status Prefetch(const HostStep& step) {
    for (const WeightUse& use : step.weights) {
      const Node& weight = plan_.graph.node(use.weight);
      if (DecodedBytes(weight, use.form) < kPrefetchedWeightBytesMin) continue;
      PLUMB_RETURN_IF_ERROR(weights_.Prefetch(weight, use.form));
    }
    return absl::OkStatus();
  }

  absl::Status MakeOutput(size_t index) {
    const Node& node = plan_.graph.node(plan_.graph.outputs()[index]);
    try {
      result_.outputs[index].bytes.resize(ResultBytes(node));
    } catch (const std::bad_alloc&) {
      return NoMemory(node);
    }
    meter_.Add(ResultBytes(node));
    output_bytes_ += ResultBytes(node);
    return absl::OkStatus();
  }

  // Where a value that a step makes lies.
  std::span<uint8_t> Bytes(ValueId id) {
    const ValueId root = plan_.storage[id];
    const ValuePlace& place = plan_.places[root];
    if (place.kind == ValuePlace::Kind::kOutput) return result_.outputs[place.where].bytes;
    return arena_.subspan(place.where, ResultBytes(plan_.graph.node(root)));
  }

  // A value, wherever it lies; `held` keeps what was decoded for it.
  absl::StatusOr<HostTensor> Operand(ValueId id, std::vector<LoadedWeight>& held) {
    const Node& node = plan_.graph.node(id);
    if (node.op == OpKind::kInput) return FindInput(inputs_, node);
    if (node.op == OpKind::kConstant) {
      return HostTensor::Of(node.shape, std::get<ConstantAttributes>(node.attributes).value->view());
    }
    if (node.op == OpKind::kWeight) {
      PLUMB_ASSIGN_OR_RETURN(LoadedWeight weight, weights_.Load(node, {}, nullptr, 0));
      held.push_back(std::move(weight));
      return HostTensor::Of(node.shape, held.back().view());
    }
    return HostTensor::Of(node.shape, {node.type, Bytes(id)});
  }

  const HostPlan& plan_;
  const RunInputs& inputs_;
  HostWeights& weights_;
  const std::span<uint8_t> arena_;
  MemoryMeter& meter_;
  RunResult result_;
  uint64_t output_bytes_ = 0;
};

class HostExecutable : public Executable {
 public:
  explicit HostExecutable(HostPlan plan) : plan_(std::move(plan)), weights_(plan_.keeps_weights, meter_) {}

  const PlanSummary& summary() const override { return plan_.summary; }

  absl::StatusOr<RunResult> Run(const RunInputs& inputs) const override {
    const auto start = std::chrono::steady_clock::now();
    if (arena_.size_bytes() < plan_.arena_bytes) arena_ = HostBuffer(plan_.arena_bytes, meter_);
    if (plan_.arena_bytes > 0 && arena_.data() == nullptr) {
      arena_.Free();
      return absl::ResourceExhaustedError(
          fmt::format("no memory for {} bytes of intermediate tensors", plan_.arena_bytes));
    }
    weights_.Begin(inputs.weights);
    HostRun run(plan_, inputs, weights_, arena_.bytes(), meter_);
    for (const HostStep& step : plan_.steps) PLUMB_RETURN_IF_ERROR(run.Step(step));
    PLUMB_ASSIGN_OR_RETURN(RunResult result, run.Finish());
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

 private:
  const HostPlan plan_;
  mutable MemoryMeter meter_;
  mutable HostBuffer arena_;  // Kept from run to run: fresh memory is slow.
  mutable HostWeights weights_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Executable>> PlanOnHost(const Graph& graph, const HostKernels& kernels,
                                                       const PlanOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(HostPlan plan, MakeHostPlan(graph, kernels, options));
  return std::make_unique<HostExecutable>(std::move(plan));
}

}  // namespace plumb
