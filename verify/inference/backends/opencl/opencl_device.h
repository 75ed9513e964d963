// OpenCL devices of this machine.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_OPENCL_OPENCL_DEVICE_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_OPENCL_OPENCL_DEVICE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "verify/inference/backends/device/device.h"
#include "verify/inference/backends/opencl/opencl_api.h"

namespace plumb::opencl {

// A device as its platform describes it.
struct DeviceInfo {
  cl_device_id id = nullptr;
  cl_device_type type = 0;
  std::string description;  // Platform, device and version.
  uint32_t compute_units = 1;
  uint32_t vector_width = 1;  // Native, of float32.
  bool shares_host_memory = false;
};

// Every device of every platform, in the loader's order. UNAVAILABLE: no loader, no platform or no device.
absl::StatusOr<std::vector<DeviceInfo>> ListDevices();

// Number `wanted` of ListDevices; when it is empty, the first GPU, else the first accelerator, else the first device.
// UNAVAILABLE when there is none of that number, INVALID_ARGUMENT when it is no number.
absl::StatusOr<DeviceInfo> ChooseDevice(std::string_view wanted);

// Opens a context and a queue.
absl::StatusOr<std::unique_ptr<device::Device>> OpenDevice(const DeviceInfo& info);

}  // namespace plumb::opencl

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_OPENCL_OPENCL_DEVICE_H_
