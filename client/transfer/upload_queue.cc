#include "client/transfer/upload_queue.h"

#include <utility>

namespace plumb::transfer {

absl::Status UploadQueue::Push(OutgoingChunk chunk) {
  uint64_t bytes = chunk.frame->size();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_bytes_ == 0 || held_bytes_ + bytes <= bytes_max_ || !error_.ok(); });
  if (!error_.ok()) return error_;
  held_bytes_ += bytes;
  waiting_.push_back(std::move(chunk));
  changed_.notify_all();
  return absl::OkStatus();
}

std::optional<OutgoingChunk> UploadQueue::Pop() {
  std::unique_lock lock(mutex_);
  // What another stream has sent may still come back.
  changed_.wait(lock, [&] { return !waiting_.empty() || (closed_ && sent_ == 0) || !error_.ok(); });
  if (waiting_.empty() || !error_.ok()) return std::nullopt;
  OutgoingChunk chunk = std::move(waiting_.front());
  waiting_.pop_front();
  ++sent_;
  return chunk;
}

void UploadQueue::PutBack(OutgoingChunk chunk) {
  std::lock_guard lock(mutex_);
  --sent_;
  waiting_.push_front(std::move(chunk));
  changed_.notify_all();
}

void UploadQueue::Acknowledge(const OutgoingChunk& chunk) {
  std::lock_guard lock(mutex_);
  --sent_;
  held_bytes_ -= chunk.frame->size();
  changed_.notify_all();
}

void UploadQueue::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void UploadQueue::Fail(const absl::Status& error) {
  std::lock_guard lock(mutex_);
  if (error_.ok()) error_ = error;
  changed_.notify_all();
}

absl::Status UploadQueue::status() const {
  std::lock_guard lock(mutex_);
  return error_;
}

}  // namespace plumb::transfer
