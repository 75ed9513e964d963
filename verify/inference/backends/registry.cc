#include "verify/inference/backends/registry.h"

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

const std::vector<const Backend*>& Backends() {
  static const std::vector<const Backend*> kBackends = {&ReferenceBackend(), &OnednnBackend(), &OpenclBackend(),
                                                        &CudaBackend(),      &HipBackend(),    &TorchBackend()};
  return kBackends;
}

absl::StatusOr<const Backend*> Backend::Variant(std::string_view variant) const {
  return WithErrorClass(InvalidArgument(fmt::format("{} has no variant \"{}\"", name(), variant.substr(0, 64))),
                        ErrorClass::kUsage);
}

absl::StatusOr<const Backend*> FindBackend(std::string_view name) {
  std::string known;
  const size_t colon = name.find(':');
  for (const Backend* backend : Backends()) {
    if (backend->name() == name) return backend;
    if (colon != std::string_view::npos && backend->name() == name.substr(0, colon)) {
      return backend->Variant(name.substr(colon + 1));
    }
    known += fmt::format("{}{}", known.empty() ? "" : ", ", backend->name());
    for (const std::string& variant : backend->variants()) known += fmt::format(", {}:{}", backend->name(), variant);
  }
  return WithErrorClass(InvalidArgument(fmt::format("no backend \"{}\"; this build has {}", name.substr(0, 64), known)),
                        ErrorClass::kUsage);
}

}  // namespace plumb
