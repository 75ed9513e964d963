// The operators that oneDNN computes, as host kernels.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_KERNELS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_KERNELS_H_

#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// Live as long as the program. The second round the operands of products to bfloat16.
const HostKernels& OnednnKernels();
const HostKernels& OnednnBFloat16Kernels();

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_KERNELS_H_
