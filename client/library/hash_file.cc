#include "client/library/hash_file.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Hashes buffers in the order they are given, behind the caller's back.
class BackgroundHash {
 public:
  BackgroundHash() : thread_([this] { Work(); }) {}

  ~BackgroundHash() {
    if (thread_.joinable()) Finish();
  }

  // Waits while several buffers are still to be hashed.
  void Add(std::shared_ptr<const std::vector<uint8_t>> buffer) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.size() < kQueueMax; });
    queue_.push_back(std::move(buffer));
    changed_.notify_all();
  }

  Digest Finish() {
    {
      std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
    return hash_.Finish();
  }

 private:
  static constexpr size_t kQueueMax = 4;

  void Work() {
    while (true) {
      std::shared_ptr<const std::vector<uint8_t>> buffer;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !queue_.empty() || done_; });
        if (queue_.empty()) return;
        buffer = std::move(queue_.front());
        queue_.pop_front();
      }
      changed_.notify_all();
      hash_.Update(*buffer);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const std::vector<uint8_t>>> queue_;
  bool done_ = false;
  Sha256 hash_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<HashedFile> HashFile(int fd, std::string_view name, std::span<const ByteRange> tensors,
                                    const std::function<absl::Status(uint64_t)>& advance) {
  HashedFile hashed;
  PLUMB_ASSIGN_OR_RETURN(hashed.size_bytes, FileSize(fd, name));
  BackgroundHash whole;
  uint64_t offset = 0;
  for (uint32_t size : PlanChunks(hashed.size_bytes, tensors)) {
    auto buffer = std::make_shared<std::vector<uint8_t>>(size);
    absl::Status status = PreadExactly(fd, *buffer, offset, name);
    if (absl::IsOutOfRange(status))
      return absl::AbortedError(fmt::format("{} was shortened while it was being read", name));
    PLUMB_RETURN_IF_ERROR(status);
    whole.Add(buffer);
    PLUMB_RETURN_IF_ERROR(hashed.chunks.Append({Sha256Of(*buffer), size}));
    offset += size;
    PLUMB_RETURN_IF_ERROR(advance(size));
  }
  hashed.sha256 = whole.Finish();
  return hashed;
}

}  // namespace plumb
