// The operators that oneDNN computes, as host kernels.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_KERNELS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_KERNELS_H_

#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// Lives as long as the program.
const HostKernels& OnednnKernels();

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_KERNELS_H_
