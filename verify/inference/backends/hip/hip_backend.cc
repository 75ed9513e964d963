#include "verify/inference/backends/device/device_backend.h"
#include "verify/inference/backends/hip/hip_device.h"
#include "verify/inference/backends/registry.h"

namespace plumb {

const Backend& HipBackend() {
  static const Backend& kBackend = *new device::DeviceBackend("hip", hip::OpenDevice);
  return kBackend;
}

}  // namespace plumb
