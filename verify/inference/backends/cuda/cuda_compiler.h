// NVRTC, found at run time.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUDA_COMPILER_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUDA_COMPILER_H_

#include <memory>

#include "verify/inference/backends/device/runtime_compiler.h"

namespace plumb::cuda {

// The library that $PLUMB_NVRTC names, or the newest that the loader finds. UNAVAILABLE when there is none.
absl::StatusOr<std::unique_ptr<device::RuntimeCompiler>> OpenCompiler();

// PTX of a kernel source for devices of a compute capability (75: 7.5) and all later ones.
absl::StatusOr<std::string> CompileKernels(const device::RuntimeCompiler& compiler, std::string_view source,
                                           int capability);

// The capability to compile for: the device's, or the newest before it that the compiler knows.
int TargetOf(const device::RuntimeCompiler& compiler, int capability);

}  // namespace plumb::cuda

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_CUDA_CUDA_COMPILER_H_
