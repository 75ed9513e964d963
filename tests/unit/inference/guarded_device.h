// A device that notices writes beside what it allocated, and OpenCL's device behind it.
#ifndef PLUMB_TESTS_UNIT_INFERENCE_GUARDED_DEVICE_H_
#define PLUMB_TESTS_UNIT_INFERENCE_GUARDED_DEVICE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plumb/base/status.h"
#include "verify/inference/backends/device/device_executor.h"
#include "verify/inference/backends/opencl/opencl_device.h"

namespace plumb {

// Puts sentinels before and after all memory of another device, and looks whether they are still there when it is
// freed.
class GuardedDevice : public device::Device {
 public:
  explicit GuardedDevice(std::unique_ptr<device::Device> device) : device_(std::move(device)) {}

  std::string description() const override { return device_->description(); }
  bool vectors() const override { return device_->vectors(); }
  uint32_t compute_units() const override { return device_->compute_units(); }

  absl::StatusOr<std::unique_ptr<device::Memory>> Allocate(uint64_t bytes) override {
    auto memory = std::make_unique<Guarded>(*device_, bytes);
    PLUMB_ASSIGN_OR_RETURN(memory->whole, device_->Allocate(bytes + 2 * kGuardBytes));
    PLUMB_RETURN_IF_ERROR(device_->Fill(*memory->whole, [](std::span<uint8_t> all) {
      std::fill(all.begin(), all.end(), kSentinel);
      return absl::OkStatus();
    }));
    PLUMB_ASSIGN_OR_RETURN(memory->part, device_->Part(*memory->whole, kGuardBytes, bytes));
    return memory;
  }
  absl::StatusOr<std::unique_ptr<device::Memory>> Borrow(std::span<const uint8_t>) override {
    return std::unique_ptr<device::Memory>();
  }
  absl::StatusOr<std::unique_ptr<device::Memory>> Part(const device::Memory& whole, uint64_t offset,
                                                       uint64_t bytes) override {
    return device_->Part(Inside(whole), offset, bytes);
  }
  absl::Status Fill(device::Memory& to, const std::function<absl::Status(std::span<uint8_t>)>& write) override {
    return device_->Fill(*static_cast<Guarded&>(to).part, write);
  }
  absl::Status Download(const device::Memory& from, std::span<uint8_t> to) override {
    return device_->Download(Inside(from), to);
  }
  absl::Status Launch(const device::KernelName& kernel, const device::Grid& grid,
                      const device::Arguments& arguments) override {
    device::Arguments inside;
    for (device::Arguments::Slot slot : arguments.slots()) {
      if (slot.memory != nullptr) slot.memory = &Inside(*slot.memory);
      inside.Add(slot);
    }
    return device_->Launch(kernel, grid, inside);
  }
  absl::StatusOr<bool> MatMul(const device::MatMulShape& shape, const device::Memory& a, const device::Memory& b,
                              device::Memory& out) override {
    return device_->MatMul(shape, Inside(a), Inside(b), *static_cast<Guarded&>(out).part);
  }
  absl::Status Finish() override { return device_->Finish(); }

 private:
  static constexpr uint64_t kGuardBytes = kPartAlignment;
  static constexpr uint8_t kSentinel = 0xa5;

  struct Guarded : public device::Memory {
    Guarded(device::Device& of, uint64_t count) : device(of), bytes(count) {}
    ~Guarded() override {
      if (part == nullptr) return;
      std::vector<uint8_t> all(bytes + 2 * kGuardBytes);
      EXPECT_TRUE(device.Download(*whole, all).ok());
      auto changed = [&](uint64_t begin) {
        return std::any_of(all.begin() + static_cast<ptrdiff_t>(begin),
                           all.begin() + static_cast<ptrdiff_t>(begin + kGuardBytes),
                           [](uint8_t byte) { return byte != kSentinel; });
      };
      EXPECT_FALSE(changed(0)) << "written before " << bytes << " bytes of device memory";
      EXPECT_FALSE(changed(kGuardBytes + bytes)) << "written after " << bytes << " bytes of device memory";
    }
    uint64_t size_bytes() const override { return bytes; }

    device::Device& device;
    uint64_t bytes;
    std::unique_ptr<device::Memory> whole;
    std::unique_ptr<device::Memory> part;  // Goes before what it is part of.
  };

  static const device::Memory& Inside(const device::Memory& memory) {
    return *static_cast<const Guarded&>(memory).part;
  }

  std::unique_ptr<device::Device> device_;
};

// OpenCL's device with guards; UNAVAILABLE where there is none. It lives as long as the program.
inline absl::StatusOr<std::shared_ptr<device::Device>> GuardedOpenclDevice() {
  static const auto* const kDevice = new auto([]() -> absl::StatusOr<std::shared_ptr<device::Device>> {
    PLUMB_ASSIGN_OR_RETURN(opencl::DeviceInfo info, opencl::ChooseDevice(""));
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<device::Device> device, opencl::OpenDevice(info));
    return std::make_shared<GuardedDevice>(std::move(device));
  }());
  return *kDevice;
}

// The same as a backend, `opencl_guarded`.
class GuardedOpenclBackend : public Backend {
 public:
  std::string_view name() const override { return "opencl_guarded"; }
  std::string description() const override { return "OpenCL with guards around all memory"; }
  absl::Status Available() const override { return GuardedOpenclDevice().status(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<device::Device> device, GuardedOpenclDevice());
    return device::PlanOnDevice(graph, std::move(device), options);
  }
};

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_INFERENCE_GUARDED_DEVICE_H_
