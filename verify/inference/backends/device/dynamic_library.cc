#include "verify/inference/backends/device/dynamic_library.h"

#include <dlfcn.h>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::device {

absl::StatusOr<std::unique_ptr<DynamicLibrary>> DynamicLibrary::Open(std::span<const std::string> names) {
  std::string why;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) return std::unique_ptr<DynamicLibrary>(new DynamicLibrary(name, handle));
    const char* error = dlerror();
    if (why.empty()) why = error != nullptr ? error : name;
  }
  return Unavailable(why);
}

absl::StatusOr<void*> DynamicLibrary::Address(const char* symbol) const {
  void* address = dlsym(handle_, symbol);
  if (address == nullptr) return Unavailable(fmt::format("{} has no {}", name_, symbol));
  return address;
}

}  // namespace plumb::device
