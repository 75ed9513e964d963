// Where each value lies as a plan runs on a device, before it runs.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_PLAN_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_PLAN_H_

#include "verify/inference/backends/host_plan.h"

namespace plumb::device {

// Most bytes of tensors that DeviceRun will have allocated at a time, on the device and on the host together.
uint64_t PeakBytes(const HostPlan& plan);

// Whether a step runs on the device: not on `reference`, and not nowhere because it only renames a value.
bool RunsOnDevice(const HostStep& step);

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_PLAN_H_
