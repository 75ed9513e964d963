// Memory of tensors, counted.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_BUFFER_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_BUFFER_H_

#include <sys/mman.h>

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

// Owns `bytes` uninitialised bytes aligned to 64 and has them counted. Movable; the meter must outlive it.
class HostBuffer {
 public:
  HostBuffer() = default;
  // Empty (data() == nullptr) when there is no memory.
  HostBuffer(uint64_t bytes, MemoryMeter& meter) : bytes_(bytes), meter_(&meter) {
    const uint64_t alignment = bytes < kHugePagesFromBytes ? 64 : kHugePageBytes;
    const uint64_t rounded = (bytes + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<uint8_t*>(std::aligned_alloc(alignment, std::max(rounded, alignment))));
    // A hint: large pages are filled in many times faster than small ones.
    if (alignment == kHugePageBytes && data_ != nullptr) madvise(data_.get(), rounded, MADV_HUGEPAGE);
    meter_->Add(bytes_);
  }
  HostBuffer(HostBuffer&& other) noexcept { *this = std::move(other); }
  HostBuffer& operator=(HostBuffer&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(meter_, other.meter_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~HostBuffer() { Free(); }

  uint8_t* data() const { return data_.get(); }
  uint64_t size_bytes() const { return bytes_; }
  std::span<uint8_t> bytes() const { return {data_.get(), bytes_}; }
  std::span<float> floats() const { return {reinterpret_cast<float*>(data_.get()), bytes_ / sizeof(float)}; }
  void Free() {
    if (meter_ != nullptr) meter_->Remove(bytes_);
    meter_ = nullptr;
    bytes_ = 0;
    data_.reset();
  }

 private:
  static constexpr uint64_t kHugePageBytes = 2 << 20;
  static constexpr uint64_t kHugePagesFromBytes = 8 << 20;
  struct Release {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  uint64_t bytes_ = 0;
  MemoryMeter* meter_ = nullptr;
  std::unique_ptr<uint8_t, Release> data_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_BUFFER_H_
