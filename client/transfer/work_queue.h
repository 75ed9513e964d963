// Indices of work shared by several threads, and the first error that ends it.
#ifndef PLUMB_CLIENT_TRANSFER_WORK_QUEUE_H_
#define PLUMB_CLIENT_TRANSFER_WORK_QUEUE_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"

namespace plumb::transfer {

// Thread-safe.
class WorkQueue {
 public:
  // Work 0 to `count` - 1, taken in that order.
  explicit WorkQueue(size_t count);

  // The next piece; none when there is none left or the work failed.
  std::optional<size_t> Take();
  // Up to `count` pieces at once.
  std::vector<size_t> TakeBatch(size_t count);
  // Puts a piece back to the front.
  void PutBack(size_t index);
  // Ends the work; the first error stays.
  void Fail(const absl::Status& error);
  bool failed() const;
  absl::Status status() const;

 private:
  mutable std::mutex mutex_;
  std::deque<size_t> pending_;
  absl::Status error_;
};

// Runs `work` on `threads` threads and waits for all of them.
void RunOnThreads(int threads, const std::function<void()>& work);

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_WORK_QUEUE_H_
