// One run of a plan on a device.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_RUN_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_RUN_H_

#include <map>
#include <vector>

#include "verify/inference/backends/device/device_weights.h"
#include "verify/inference/backends/device/operators.h"
#include "verify/inference/backends/host_weights.h"

namespace plumb::device {

// Not thread-safe. Borrows everything; waits for the device when it goes, since the device may read what it borrows.
class DeviceRun {
 public:
  DeviceRun(Device& device, const HostPlan& plan, const RunInputs& inputs, DeviceWeights& weights,
            HostWeights& host_weights, MemoryMeter& meter);
  ~DeviceRun();
  DeviceRun(const DeviceRun&) = delete;
  DeviceRun& operator=(const DeviceRun&) = delete;

  absl::Status Step(const HostStep& step);
  absl::StatusOr<RunResult> Finish();

 private:
  // A value where it was computed, and where it was needed since.
  struct Value {
    HostBuffer host;
    CountedMemory device;
  };

  absl::Status ComputeOnDevice(const Node& node, ValueId id);
  absl::Status ReadRows(const Node& node, ValueId id);
  absl::Status ComputeOnHost(const Node& node, ValueId id);
  absl::StatusOr<const Memory*> OnDevice(ValueId id, std::vector<DeviceWeight>& held);
  absl::StatusOr<HostTensor> OnHost(ValueId id, std::vector<LoadedWeight>& held);
  absl::StatusOr<HostTensor> LeafOnHost(const Node& node, std::vector<LoadedWeight>& held);
  absl::Status Allocate(const Node& node, CountedMemory& memory);
  absl::Status Observe(const Node& node, ValueId id);
  absl::Status CopyOut(const Node& node, ValueId id, std::vector<uint8_t>& bytes);

  Device& device_;
  const HostPlan& plan_;
  const RunInputs& inputs_;
  DeviceWeights& weights_;
  HostWeights& host_weights_;
  MemoryMeter& meter_;
  std::vector<Value> values_;
  std::map<ValueId, CountedMemory> leaves_;  // Inputs and constants that the device has been given.
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_RUN_H_
