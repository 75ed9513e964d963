// Memory of tensors, counted.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_BUFFER_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_BUFFER_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

namespace plumb {

// Counts bytes that are alive, and the most there ever were. Not thread-safe.
class MemoryMeter {
 public:
  void Add(uint64_t bytes) {
    live_ += bytes;
    peak_ = std::max(peak_, live_);
  }
  void Remove(uint64_t bytes) { live_ -= bytes; }
  uint64_t live_bytes() const { return live_; }
  uint64_t peak_bytes() const { return peak_; }

 private:
  uint64_t live_ = 0;
  uint64_t peak_ = 0;
};

// Owns `count` uninitialised floats aligned to 64 bytes and has them counted. Movable; the meter must outlive it.
class HostBuffer {
 public:
  HostBuffer() = default;
  // Empty (data() == nullptr) when there is no memory.
  HostBuffer(uint64_t count, MemoryMeter& meter) : count_(count), meter_(&meter) {
    constexpr uint64_t kAlignment = 64;
    uint64_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    data_.reset(static_cast<float*>(std::aligned_alloc(kAlignment, std::max(bytes, kAlignment))));
    meter_->Add(size_bytes());
  }
  HostBuffer(HostBuffer&& other) noexcept { *this = std::move(other); }
  HostBuffer& operator=(HostBuffer&& other) noexcept {
    std::swap(count_, other.count_);
    std::swap(meter_, other.meter_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~HostBuffer() { Free(); }

  float* data() const { return data_.get(); }
  uint64_t size_bytes() const { return count_ * sizeof(float); }
  std::span<float> values() const { return {data_.get(), count_}; }
  void Free() {
    if (meter_ != nullptr) meter_->Remove(size_bytes());
    meter_ = nullptr;
    count_ = 0;
    data_.reset();
  }

 private:
  struct Release {
    void operator()(float* memory) const { std::free(memory); }
  };
  uint64_t count_ = 0;
  MemoryMeter* meter_ = nullptr;
  std::unique_ptr<float, Release> data_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_BUFFER_H_
