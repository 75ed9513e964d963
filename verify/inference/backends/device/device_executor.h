// Runs graphs on a device with memory of its own.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_EXECUTOR_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_EXECUTOR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "verify/inference/backends/device/device.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb::device {

// A device's operators as host kernels: operands are taken to the device and the result back. The executor asks them
// what the device supports; to run a single operator, call Compute.
class DeviceKernels : public HostKernels {
 public:
  // `device` must outlive it.
  explicit DeviceKernels(Device& device) : device_(device) {}
  bool Supports(const Graph& graph, const Node& node) const override;
  absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const override;

 private:
  Device& device_;
};

// Prepares a graph. Tensors stay on the device; what it lacks runs on `reference`, and values move to the host or back
// when the other side needs them. A weight is taken to the device when an operator needs it and freed after that
// operator, unless `options` allow to keep all.
absl::StatusOr<std::unique_ptr<Executable>> PlanOnDevice(const Graph& graph, std::shared_ptr<Device> device,
                                                         const PlanOptions& options);

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_EXECUTOR_H_
