#include "verify/inference/backends/registry.h"

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

const std::vector<const Backend*>& Backends() {
  static const std::vector<const Backend*> kBackends = {&ReferenceBackend(), &OnednnBackend()};
  return kBackends;
}

absl::StatusOr<const Backend*> FindBackend(std::string_view name) {
  std::string known;
  for (const Backend* backend : Backends()) {
    if (backend->name() == name) return backend;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", backend->name());
  }
  return WithErrorClass(InvalidArgument(fmt::format("no backend \"{}\"; this build has {}", name.substr(0, 64), known)),
                        ErrorClass::kUsage);
}

}  // namespace plumb
