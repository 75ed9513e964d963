// Where each value lies as a plan runs on a device, before it runs.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_PLAN_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_PLAN_H_

#include "verify/inference/backends/host_plan.h"

namespace plumb::device {

// Whether all of the plan's weights fit into what the options let it keep from run to run.
bool KeepsWeights(const HostPlan& plan, const PlanOptions& options);

// Most bytes of tensors that DeviceRun will have allocated at a time, on the device and on the host together.
// `keeps_weights`: those on the device are there from the start, as they are in every run but the first.
uint64_t PeakBytes(const HostPlan& plan, bool keeps_weights);

// Whether a step runs on the device: not on `reference`, and not nowhere because it only renames a value.
bool RunsOnDevice(const HostStep& step);

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_PLAN_H_
