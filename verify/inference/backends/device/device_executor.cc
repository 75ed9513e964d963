#include "verify/inference/backends/device/device_executor.h"

#include <chrono>
#include <utility>
#include <vector>

#include "plumb/base/status.h"
#include "verify/inference/backends/device/device_plan.h"
#include "verify/inference/backends/device/device_run.h"
#include "verify/inference/backends/device/operators.h"

namespace plumb::device {
namespace {

class DeviceExecutable : public Executable {
 public:
  DeviceExecutable(std::shared_ptr<Device> device, std::unique_ptr<DeviceKernels> kernels, HostPlan plan,
                   const PlanOptions& options)
      : device_(std::move(device)),
        kernels_(std::move(kernels)),
        plan_(std::move(plan)),
        weights_(*device_, KeepsWeights(plan_, options), meter_),
        host_weights_(false, meter_) {}

  const PlanSummary& summary() const override { return plan_.summary; }

  absl::StatusOr<RunResult> Run(const RunInputs& inputs) const override {
    const auto start = std::chrono::steady_clock::now();
    weights_.Begin(inputs.weights);
    host_weights_.Begin(inputs.weights);
    DeviceRun run(*device_, plan_, inputs, weights_, host_weights_, meter_);
    for (const HostStep& step : plan_.steps) PLUMB_RETURN_IF_ERROR(run.Step(step));
    PLUMB_ASSIGN_OR_RETURN(RunResult result, run.Finish());
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<DeviceKernels> kernels_;
  HostPlan plan_;
  mutable MemoryMeter meter_;
  mutable DeviceWeights weights_;
  mutable HostWeights host_weights_;  // For what runs on the host: never kept.
};

}  // namespace

bool DeviceKernels::Supports(const Graph& graph, const Node& node) const { return device::Supports(graph, node); }

absl::Status DeviceKernels::Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const {
  std::vector<std::unique_ptr<Memory>> memories;
  std::vector<Operand> on_device;
  for (const HostTensor& operand : operands) {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Memory> memory, device_.Allocate(operand.view.bytes.size()));
    PLUMB_RETURN_IF_ERROR(device_.Upload(*memory, operand.view.bytes));
    on_device.push_back({operand.shape, operand.view.type, memory.get()});
    memories.push_back(std::move(memory));
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Memory> result, device_.Allocate(output.bytes.size()));
  PLUMB_RETURN_IF_ERROR(device::Compute(device_, node, on_device, {output.shape, output.type, result.get()}));
  return device_.Download(*result, output.bytes);
}

absl::StatusOr<std::unique_ptr<Executable>> PlanOnDevice(const Graph& graph, std::shared_ptr<Device> device,
                                                         const PlanOptions& options) {
  auto kernels = std::make_unique<DeviceKernels>(*device);
  PLUMB_ASSIGN_OR_RETURN(HostPlan plan, MakeHostPlan(graph, *kernels, PlanOptions{}));
  plan.summary.peak_bytes = PeakBytes(plan, KeepsWeights(plan, options));
  return std::make_unique<DeviceExecutable>(std::move(device), std::move(kernels), std::move(plan), options);
}

}  // namespace plumb::device
