#include "client/transfer/work_queue.h"

#include <thread>

namespace plumb::transfer {

WorkQueue::WorkQueue(size_t count) {
  for (size_t i = 0; i < count; ++i) pending_.push_back(i);
}

std::optional<size_t> WorkQueue::Take() {
  std::lock_guard lock(mutex_);
  if (pending_.empty() || !error_.ok()) return std::nullopt;
  size_t index = pending_.front();
  pending_.pop_front();
  return index;
}

std::vector<size_t> WorkQueue::TakeBatch(size_t count) {
  std::vector<size_t> batch;
  while (batch.size() < count) {
    std::optional<size_t> index = Take();
    if (!index.has_value()) break;
    batch.push_back(*index);
  }
  return batch;
}

void WorkQueue::PutBack(size_t index) {
  std::lock_guard lock(mutex_);
  pending_.push_front(index);
}

void WorkQueue::Fail(const absl::Status& error) {
  std::lock_guard lock(mutex_);
  if (error_.ok()) error_ = error;
}

bool WorkQueue::failed() const {
  std::lock_guard lock(mutex_);
  return !error_.ok();
}

absl::Status WorkQueue::status() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void RunOnThreads(int threads, const std::function<void()>& work) {
  std::vector<std::jthread> running;
  for (int i = 1; i < threads; ++i) running.emplace_back(work);
  work();
}

}  // namespace plumb::transfer
