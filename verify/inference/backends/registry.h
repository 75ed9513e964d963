// The backends of this build: one accessor each, defined in the backend's own folder.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REGISTRY_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REGISTRY_H_

#include "plumb/inference/backend.h"

namespace plumb {

const Backend& ReferenceBackend();
const Backend& OnednnBackend();
const Backend& OpenclBackend();
const Backend& CudaBackend();
const Backend& HipBackend();
const Backend& TorchBackend();

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REGISTRY_H_
