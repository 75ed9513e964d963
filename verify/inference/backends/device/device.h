// A device with memory of its own: what OpenCL, CUDA and HIP have to offer so that the executor, the operators and the
// kernels here are written once.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "verify/inference/backends/device/kernels/layouts.h"

namespace plumb::device {

// Memory on a device, freed when it goes; work that was launched before may still use it.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual uint64_t size_bytes() const = 0;
};

// What is passed to a kernel, in its order.
class Arguments {
 public:
  struct Slot {
    const Memory* memory = nullptr;  // nullptr: the bytes are the argument.
    std::array<uint8_t, sizeof(Layout)> bytes;
    uint32_t size_bytes = 0;
  };
  template <typename T>
  Arguments& Value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(Layout));
    Slot& slot = slots_.emplace_back();
    slot.size_bytes = sizeof(T);
    std::memcpy(slot.bytes.data(), &value, sizeof(T));
    return *this;
  }
  Arguments& At(const Memory& memory) {
    slots_.emplace_back().memory = &memory;
    return *this;
  }
  Arguments& Add(const Slot& slot) {
    slots_.push_back(slot);
    return *this;
  }
  std::span<const Slot> slots() const { return slots_; }

 private:
  std::vector<Slot> slots_;
};

// How many work groups run, and how many work items each has.
struct Grid {
  std::array<uint32_t, 3> groups = {1, 1, 1};
  std::array<uint32_t, 3> items = {1, 1, 1};
};

// A kernel, by its source (`elementwise`, ...) and its name there.
struct KernelName {
  std::string_view source;
  std::string name;
};

// One device. Thread-safe; work runs in the order in which it was given. Errors are INTERNAL with the name of the call
// that failed, RESOURCE_EXHAUSTED without memory.
class Device {
 public:
  virtual ~Device() = default;
  // The platform and the device, for people.
  virtual std::string description() const = 0;
  // Whether kernels are to use explicit vectors, a work item being a thread's whole task (CPUs).
  virtual bool vectors() const = 0;
  // Work groups that run at the same time, at least.
  virtual uint32_t compute_units() const = 0;

  virtual absl::StatusOr<std::unique_ptr<Memory>> Allocate(uint64_t bytes) = 0;
  // `host` itself as memory that is only read, where the device can; otherwise nullptr. `host` must outlive what reads
  // it.
  virtual absl::StatusOr<std::unique_ptr<Memory>> Borrow(std::span<const uint8_t> host) = 0;
  // `bytes` of `whole` from `offset` on, a multiple of kPartAlignment. `whole` must outlive it.
  virtual absl::StatusOr<std::unique_ptr<Memory>> Part(const Memory& whole, uint64_t offset, uint64_t bytes) = 0;
  // Has `write` fill the whole of `to`.
  virtual absl::Status Fill(Memory& to, const std::function<absl::Status(std::span<uint8_t>)>& write) = 0;
  // Waits for the work given before and copies the beginning of `from`.
  virtual absl::Status Download(const Memory& from, std::span<uint8_t> to) = 0;
  virtual absl::Status Launch(const KernelName& kernel, const Grid& grid, const Arguments& arguments) = 0;
  // Computes a product with a library of the device's own; false when there is none, and a kernel must do it. `bias` is
  // added by the caller.
  virtual absl::StatusOr<bool> MatMul(const MatMulShape& shape, const Memory& a, const Memory& b, Memory& out) = 0;
  // Waits for all work.
  virtual absl::Status Finish() = 0;

  // Copies `from` to the whole of `to`, of the same size.
  absl::Status Upload(Memory& to, std::span<const uint8_t> from) {
    return Fill(to, [&](std::span<uint8_t> target) {
      if (!from.empty()) std::memcpy(target.data(), from.data(), from.size());
      return absl::OkStatus();
    });
  }

  static constexpr uint64_t kPartAlignment = 4096;
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_H_
