#include "verify/inference/backends/torch/torch_library.h"

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/dynamic_library.h"

namespace plumb {
namespace {

absl::StatusOr<const torch_module::Calls*> Load() {
  const std::string paths[] = {PLUMB_TORCH_INSTALLED, PLUMB_TORCH_BUILT};
  absl::StatusOr<std::unique_ptr<device::DynamicLibrary>> module = device::DynamicLibrary::Open(paths);
  if (!module.ok()) {
    return Unavailable(fmt::format("the torch module, which is built where libtorch-dev is installed, did not load: {}",
                                   Message(module.status())));
  }
  const torch_module::Calls* (*calls)() = nullptr;
  PLUMB_RETURN_IF_ERROR((*module)->Find(torch_module::kSymbol, calls));
  return calls();
}

}  // namespace

absl::StatusOr<const torch_module::Calls*> LoadTorch() {
  static const absl::StatusOr<const torch_module::Calls*> kCalls = Load();
  return kCalls;
}

}  // namespace plumb
