// Devices of CUDA's driver and of HIP, whose calls are alike but for their names.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_RUNTIME_DEVICE_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_RUNTIME_DEVICE_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "verify/inference/backends/device/device.h"

namespace plumb::device {

// An address on the device: CUDA's CUdeviceptr and HIP's void* are both passed as one 64-bit integer.
using Address = uint64_t;
static_assert(sizeof(void*) == sizeof(Address), "devices are used from 64-bit machines");

// The calls, as both define them: results are enumerations, 0 for success and 2 for no memory; modules, functions and
// streams are pointers. Every pointer is set.
struct RuntimeApi {
  std::string name;  // `CUDA`, `HIP`: what messages call it.
  int (*allocate)(Address*, size_t bytes) = nullptr;
  int (*free)(Address) = nullptr;
  int (*upload)(Address to, const void* from, size_t bytes) = nullptr;
  int (*download)(void* to, Address from, size_t bytes) = nullptr;
  int (*load_module)(void** module, const void* code) = nullptr;
  int (*find_function)(void** function, void* module, const char* name) = nullptr;
  int (*launch)(void* function, unsigned groups_x, unsigned groups_y, unsigned groups_z, unsigned items_x,
                unsigned items_y, unsigned items_z, unsigned shared_bytes, void* stream, void** arguments,
                void** extra) = nullptr;
  int (*synchronize)() = nullptr;
  // Makes the device the calling thread's.
  std::function<int()> make_current;
  // The runtime's words for a result.
  std::function<std::string(int)> error_text;
};

// OK for 0; otherwise INTERNAL, or RESOURCE_EXHAUSTED, with the call's name and the runtime's words.
absl::Status CheckRuntime(const RuntimeApi& api, int code, std::string_view call);

// Modules stay loaded and memory must be freed before the device goes.
class RuntimeDevice : public Device {
 public:
  // Compiles the kernel source of that name.
  using Compile = std::function<absl::StatusOr<std::string>(std::string_view source)>;

  RuntimeDevice(RuntimeApi api, Compile compile, std::string description)
      : api_(std::move(api)), compile_(std::move(compile)), description_(std::move(description)) {}

  std::string description() const override { return description_; }
  bool vectors() const override { return false; }
  uint32_t compute_units() const override { return 1; }
  absl::StatusOr<std::unique_ptr<Memory>> Allocate(uint64_t bytes) override;
  absl::StatusOr<std::unique_ptr<Memory>> Borrow(std::span<const uint8_t> host) override;
  absl::StatusOr<std::unique_ptr<Memory>> Part(const Memory& whole, uint64_t offset, uint64_t bytes) override;
  absl::Status Fill(Memory& to, const std::function<absl::Status(std::span<uint8_t>)>& write) override;
  absl::Status Download(const Memory& from, std::span<uint8_t> to) override;
  absl::Status Launch(const KernelName& kernel, const Grid& grid, const Arguments& arguments) override;
  absl::StatusOr<bool> MatMul(const MatMulShape& shape, const Memory& a, const Memory& b, Memory& out) override;
  absl::Status Finish() override;

 protected:
  const RuntimeApi& api() const { return api_; }
  absl::Status MakeCurrent() const { return CheckRuntime(api_, api_.make_current(), "making the device current"); }
  static Address AddressOf(const Memory& memory);

 private:
  absl::StatusOr<void*> FindFunction(const KernelName& kernel);

  const RuntimeApi api_;
  const Compile compile_;
  const std::string description_;
  std::mutex mutex_;
  std::map<std::string, void*> modules_;
  std::map<std::string, void*> functions_;
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_RUNTIME_DEVICE_H_
