#include <cstdlib>

#include "plumb/base/status.h"
#include "verify/inference/backends/device/device_backend.h"
#include "verify/inference/backends/opencl/opencl_device.h"
#include "verify/inference/backends/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<device::Device>> Open(std::string_view variant) {
  const char* chosen = std::getenv("PLUMB_OPENCL_DEVICE");
  if (variant.empty() && chosen != nullptr) variant = chosen;
  PLUMB_ASSIGN_OR_RETURN(opencl::DeviceInfo info, opencl::ChooseDevice(variant));
  return opencl::OpenDevice(info);
}

}  // namespace

const Backend& OpenclBackend() {
  static const Backend& kBackend = *new device::DeviceBackend("opencl", Open);
  return kBackend;
}

}  // namespace plumb
