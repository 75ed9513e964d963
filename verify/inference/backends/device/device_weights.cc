#include "verify/inference/backends/device/device_weights.h"

#include <utility>

#include "plumb/base/status.h"

namespace plumb::device {

void DeviceWeights::Begin(const WeightSource* source) {
  if (source != source_) kept_.clear();
  source_ = source;
}

absl::StatusOr<DeviceWeight> DeviceWeights::Load(const Node& weight) {
  if (source_ == nullptr) return InvalidArgument("the run was given no weights");
  if (auto kept = kept_.find(weight.name); kept != kept_.end()) return DeviceWeight{{}, kept->second.get()};
  PLUMB_ASSIGN_OR_RETURN(CountedMemory memory, Bring(weight));
  if (!keep_) return DeviceWeight{std::move(memory), nullptr};
  return DeviceWeight{{}, kept_.emplace(weight.name, std::move(memory)).first->second.get()};
}

// Weights that lie in memory as they are used are read there, where the device can; others are decoded into memory of
// the device.
absl::StatusOr<CountedMemory> DeviceWeights::Bring(const Node& weight) {
  const std::span<const uint8_t> bytes = source_->View(weight.name, ElementType::kF32).bytes;
  const bool viewed = !bytes.empty() && bytes.size() == ResultBytes(weight);
  if (viewed) {
    PLUMB_RETURN_IF_ERROR(source_->Check(weight.name));
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Memory> borrowed, device_.Borrow(bytes));
    if (borrowed != nullptr) return CountedMemory(std::move(borrowed));
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Memory> memory, device_.Allocate(ResultBytes(weight)));
  if (viewed) {
    PLUMB_RETURN_IF_ERROR(device_.Upload(*memory, bytes));
  } else {
    PLUMB_RETURN_IF_ERROR(device_.Fill(*memory, [&](std::span<uint8_t> out) {
      return source_->Load(weight.name, {reinterpret_cast<float*>(out.data()), out.size() / sizeof(float)});
    }));
  }
  return CountedMemory(std::move(memory), meter_);
}

}  // namespace plumb::device
