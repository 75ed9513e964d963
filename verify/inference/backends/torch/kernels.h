// The operators that libtorch computes, as host kernels.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_KERNELS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_KERNELS_H_

#include "absl/status/statusor.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// Live as long as the program. UNAVAILABLE where LoadTorch is.
absl::StatusOr<const HostKernels*> TorchKernels();

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_KERNELS_H_
