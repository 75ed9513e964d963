// Libraries that may be missing: looked for when the program runs.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DYNAMIC_LIBRARY_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DYNAMIC_LIBRARY_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb::device {

// A loaded library. It stays loaded as long as the program runs: drivers do not bear being unloaded.
class DynamicLibrary {
 public:
  // The first of `names` that loads; a name may be a path. UNAVAILABLE with the loader's words about the first.
  static absl::StatusOr<std::unique_ptr<DynamicLibrary>> Open(std::span<const std::string> names);

  // Sets a pointer to an entry point. UNAVAILABLE names the one that is missing.
  template <typename Function>
  absl::Status Find(const char* symbol, Function*& function) const {
    absl::StatusOr<void*> address = Address(symbol);
    if (address.ok()) function = reinterpret_cast<Function*>(*address);
    return address.status();
  }
  const std::string& name() const { return name_; }

 private:
  DynamicLibrary(std::string name, void* handle) : name_(std::move(name)), handle_(handle) {}
  absl::StatusOr<void*> Address(const char* symbol) const;

  std::string name_;
  void* handle_;
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DYNAMIC_LIBRARY_H_
