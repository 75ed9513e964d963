// Large buffers that are used again and again.
#ifndef PLUMB_CLIENT_TRANSFER_BUFFER_POOL_H_
#define PLUMB_CLIENT_TRANSFER_BUFFER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace plumb::transfer {

// Memory whose address suits direct file access. Not initialised.
struct FreeAligned {
  void operator()(uint8_t* bytes) const { std::free(bytes); }
};
using AlignedBytes = std::unique_ptr<uint8_t[], FreeAligned>;
inline constexpr size_t kAlignment = 4096;

// A bounded number of buffers of one size: fresh memory is expensive, and the bound is what keeps a transfer inside its
// memory budget. Thread-safe. Buffers must come back before the pool goes.
class BufferPool {
 public:
  // `buffer_bytes` is rounded up to whole blocks.
  BufferPool(size_t count, size_t buffer_bytes)
      : count_(count), buffer_bytes_((buffer_bytes + kAlignment - 1) / kAlignment * kAlignment) {}

  // A buffer, or nothing when all are taken.
  AlignedBytes TryTake() {
    std::lock_guard lock(mutex_);
    return TakeLocked();
  }
  // A buffer; waits for one.
  AlignedBytes Take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !free_.empty() || made_ < count_; });
    return TakeLocked();
  }
  void Return(AlignedBytes buffer) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(buffer));
    returned_.notify_one();
  }

 private:
  AlignedBytes TakeLocked() {
    AlignedBytes buffer;
    if (!free_.empty()) {
      buffer = std::move(free_.back());
      free_.pop_back();
    } else if (made_ < count_) {
      buffer.reset(static_cast<uint8_t*>(std::aligned_alloc(kAlignment, buffer_bytes_)));
      if (buffer == nullptr) throw std::bad_alloc();
      ++made_;
    }
    return buffer;
  }

  const size_t count_;
  const size_t buffer_bytes_;
  std::mutex mutex_;
  std::condition_variable returned_;
  size_t made_ = 0;
  std::vector<AlignedBytes> free_;
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_BUFFER_POOL_H_
