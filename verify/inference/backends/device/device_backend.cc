#include "verify/inference/backends/device/device_backend.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/device_executor.h"

namespace plumb::device {

DeviceBackend::DeviceBackend(std::string name, Open open, std::string variant)
    : name_(std::move(name)), variant_(std::move(variant)), open_(open) {}

std::string DeviceBackend::description() const {
  absl::StatusOr<std::shared_ptr<Device>> device = Find();
  return device.ok() ? (*device)->description() : std::string(Message(device.status()));
}

absl::StatusOr<std::unique_ptr<Executable>> DeviceBackend::Plan(const Graph& graph, const PlanOptions& options) const {
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<Device> device, Find());
  return PlanOnDevice(graph, std::move(device), options);
}

absl::StatusOr<const Backend*> DeviceBackend::Variant(std::string_view variant) const {
  constexpr size_t kDigitsMax = 3;
  const bool number = !variant.empty() && variant.size() <= kDigitsMax &&
                      std::all_of(variant.begin(), variant.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!variant_.empty() || !number) {
    return WithErrorClass(
        InvalidArgument(fmt::format("{}: \"{}\" is not the number of a device", name_, variant.substr(0, 64))),
        ErrorClass::kUsage);
  }
  std::lock_guard lock(mutex_);
  auto found = variants_.find(variant);
  if (found == variants_.end()) {
    auto backend = std::make_unique<DeviceBackend>(fmt::format("{}:{}", name_, variant), open_, std::string(variant));
    found = variants_.emplace(std::string(variant), std::move(backend)).first;
  }
  return found->second.get();
}

absl::StatusOr<std::shared_ptr<Device>> DeviceBackend::Find() const {
  std::lock_guard lock(mutex_);
  if (device_ == nullptr) {
    absl::StatusOr<std::unique_ptr<Device>> opened = open_(variant_);
    using Found = absl::StatusOr<std::shared_ptr<Device>>;
    device_ = std::make_unique<Found>(opened.ok() ? Found(std::move(*opened)) : Found(opened.status()));
  }
  return *device_;
}

}  // namespace plumb::device
