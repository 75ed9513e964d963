// Backends on devices that may be missing.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_BACKEND_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_BACKEND_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plumb/inference/backend.h"
#include "verify/inference/backends/device/device.h"

namespace plumb::device {

// A backend whose device is opened when it is first asked for and stays open as long as the program runs: drivers do
// not bear being closed while a program ends. `opencl:1`: see Variant.
class DeviceBackend : public Backend {
 public:
  // Opens the device that `variant` names; the one that suits best when it is empty. UNAVAILABLE says why there is
  // none.
  using Open = absl::StatusOr<std::unique_ptr<Device>> (*)(std::string_view variant);

  DeviceBackend(std::string name, Open open, std::string variant = "");

  std::string_view name() const override { return name_; }
  std::string description() const override;
  absl::Status Available() const override { return Find().status(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override;
  absl::StatusOr<const Backend*> Variant(std::string_view variant) const override;

  // The device, opened.
  absl::StatusOr<std::shared_ptr<Device>> Find() const;

 private:
  const std::string name_;
  const std::string variant_;
  const Open open_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<absl::StatusOr<std::shared_ptr<Device>>> device_;
  mutable std::map<std::string, std::unique_ptr<DeviceBackend>, std::less<>> variants_;
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_BACKEND_H_
