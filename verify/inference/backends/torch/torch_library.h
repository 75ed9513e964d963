// The torch module, loaded when first asked for.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_TORCH_LIBRARY_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_TORCH_LIBRARY_H_

#include "absl/status/statusor.h"
#include "verify/inference/backends/torch/torch_module.h"

namespace plumb {

// The calls of the module, which stays loaded as long as the program runs. UNAVAILABLE with the reason where there is
// none, or where libtorch is missing. Thread-safe.
absl::StatusOr<const torch_module::Calls*> LoadTorch();

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_TORCH_LIBRARY_H_
