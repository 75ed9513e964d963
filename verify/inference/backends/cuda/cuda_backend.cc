#include "verify/inference/backends/cuda/cuda_device.h"
#include "verify/inference/backends/device/device_backend.h"
#include "verify/inference/backends/registry.h"

namespace plumb {

const Backend& CudaBackend() {
  static const Backend& kBackend = *new device::DeviceBackend("cuda", cuda::OpenDevice);
  return kBackend;
}

}  // namespace plumb
