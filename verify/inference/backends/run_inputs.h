// The values that a run was given.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_RUN_INPUTS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_RUN_INPUTS_H_

#include "absl/status/statusor.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// The value of an input node. INVALID_ARGUMENT when it is missing, of another type or of another size.
absl::StatusOr<HostTensor> FindInput(const RunInputs& inputs, const Node& node);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_RUN_INPUTS_H_
