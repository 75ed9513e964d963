// CUDA devices of this machine.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUDA_DEVICE_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUDA_DEVICE_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "verify/inference/backends/device/device.h"

namespace plumb::cuda {

// Device number `variant`, or 0 when it is empty. UNAVAILABLE: no driver, no device of that number, or no NVRTC.
absl::StatusOr<std::unique_ptr<device::Device>> OpenDevice(std::string_view variant);

}  // namespace plumb::cuda

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUDA_DEVICE_H_
