// The weights of a plan on a device: taken there when an operator needs them, or kept from run to run.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_WEIGHTS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_WEIGHTS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "verify/inference/backends/device/device.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_plan.h"

namespace plumb::device {

// Device memory whose bytes are counted as long as it lives; the meter must outlive it.
class CountedMemory {
 public:
  CountedMemory() = default;
  CountedMemory(std::unique_ptr<Memory> memory, MemoryMeter& meter) : memory_(std::move(memory)), meter_(&meter) {
    meter_->Add(memory_->size_bytes());
  }
  // Memory that is not counted.
  explicit CountedMemory(std::unique_ptr<Memory> memory) : memory_(std::move(memory)) {}
  CountedMemory(CountedMemory&& other) noexcept { *this = std::move(other); }
  CountedMemory& operator=(CountedMemory&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(meter_, other.meter_);
    return *this;
  }
  ~CountedMemory() { Free(); }

  Memory* get() const { return memory_.get(); }
  void Free() {
    if (meter_ != nullptr && memory_ != nullptr) meter_->Remove(memory_->size_bytes());
    memory_.reset();
    meter_ = nullptr;
  }

 private:
  std::unique_ptr<Memory> memory_;
  MemoryMeter* meter_ = nullptr;
};

// A weight on the device for one operator; `kept` when it belongs to the plan.
struct DeviceWeight {
  CountedMemory owned;
  const Memory* kept = nullptr;

  const Memory& memory() const { return kept != nullptr ? *kept : *owned.get(); }
};

// Not thread-safe. `device` and `meter` must outlive it.
class DeviceWeights {
 public:
  // `keep`: what is taken to the device stays there.
  DeviceWeights(Device& device, bool keep, MemoryMeter& meter) : device_(device), meter_(meter), keep_(keep) {}

  // Names the source of the run that begins. Another source than before makes it forget what it kept.
  void Begin(const WeightSource* source);
  absl::StatusOr<DeviceWeight> Load(const Node& weight);

 private:
  absl::StatusOr<CountedMemory> Bring(const Node& weight);

  Device& device_;
  MemoryMeter& meter_;
  const bool keep_;
  const WeightSource* source_ = nullptr;
  std::map<std::string, CountedMemory> kept_;
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_DEVICE_WEIGHTS_H_
