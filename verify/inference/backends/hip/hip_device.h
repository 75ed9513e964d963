// HIP devices of this machine, and the compiler for them.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HIP_HIP_DEVICE_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HIP_HIP_DEVICE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "verify/inference/backends/device/device.h"
#include "verify/inference/backends/device/runtime_compiler.h"

namespace plumb::hip {

// The library that $PLUMB_HIPRTC names, or HIPRTC where the loader finds it: a library of its own, or a part of HIP's.
absl::StatusOr<std::unique_ptr<device::RuntimeCompiler>> OpenCompiler();

// Code of a kernel source for an architecture (`gfx90a`); empty: that of the current device.
absl::StatusOr<std::string> CompileKernels(const device::RuntimeCompiler& compiler, std::string_view source,
                                           const std::string& architecture);

// Device number `variant`, or 0 when it is empty. UNAVAILABLE: no HIP, no device of that number, or no HIPRTC.
absl::StatusOr<std::unique_ptr<device::Device>> OpenDevice(std::string_view variant);

}  // namespace plumb::hip

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HIP_HIP_DEVICE_H_
