#include "client/library/chunk_sender.h"

#include <algorithm>
#include <utility>

#include "client/rpc/channel.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Chunks asked about in one call.
constexpr size_t kBatchChunks = 16;
constexpr unsigned kThreadsMax = 16;

}  // namespace

ChunkSender::ChunkSender(Connection& connection, const transfer::UploadOptions& options, transfer::BufferPool* pool,
                         transfer::ChunkSent sent, const Operation& operation)
    : connection_(connection), pool_(*pool), uploader_(connection.channel(), options, std::move(sent), operation) {
  unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ChunkSender::~ChunkSender() {
  Fail(absl::CancelledError("the upload was given up"));
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  for (Task& task : queue_) pool_.Return(std::move(task.chunk.bytes));
}

absl::Status ChunkSender::Add(Task task) {
  bool known = !seen_.insert(task.chunk.chunk.digest).second;
  std::lock_guard lock(mutex_);
  if (known || !error_.ok()) {
    pool_.Return(std::move(task.chunk.bytes));
    return error_;
  }
  queue_.push_back(std::move(task));
  if (queue_.size() >= kBatchChunks) changed_.notify_one();
  return absl::OkStatus();
}

absl::Status ChunkSender::Finish() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  PLUMB_RETURN_IF_ERROR(error_);
  return uploader_.Finish();
}

std::vector<ChunkSender::Task> ChunkSender::TakeBatch() {
  std::vector<Task> batch;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() >= kBatchChunks || closed_ || !error_.ok(); });
  for (; error_.ok() && !queue_.empty() && batch.size() < kBatchChunks; queue_.pop_front()) {
    batch.push_back(std::move(queue_.front()));
  }
  return batch;
}

void ChunkSender::Work() {
  FrameEncoder encoder;
  while (true) {
    std::vector<Task> batch = TakeBatch();
    if (batch.empty()) return;
    absl::Status status = SendMissing(batch, &encoder);
    for (Task& task : batch) {
      if (task.chunk.bytes != nullptr) pool_.Return(std::move(task.chunk.bytes));
    }
    if (!status.ok()) Fail(status);
  }
}

absl::Status ChunkSender::SendMissing(std::vector<Task>& batch, FrameEncoder* encoder) {
  std::vector<ChunkRef> chunks;
  for (const Task& task : batch) chunks.push_back(task.chunk.chunk);
  PLUMB_ASSIGN_OR_RETURN(
      std::vector<size_t> missing,
      transfer::FindMissingChunks(connection_.channel(), chunks, connection_.capabilities().batch_items_max()));
  for (size_t index : missing) {
    Task& task = batch[index];
    std::span<const uint8_t> frame =
        encoder->Encode({task.chunk.bytes.get(), task.chunk.chunk.size_bytes}, task.elements);
    pool_.Return(std::move(task.chunk.bytes));
    PLUMB_RETURN_IF_ERROR(
        uploader_.Add({.chunk = task.chunk.chunk,
                       .frame = std::make_shared<const std::vector<uint8_t>>(frame.begin(), frame.end()),
                       .similar = task.similar,
                       .elements = task.elements}));
  }
  return absl::OkStatus();
}

void ChunkSender::Fail(const absl::Status& error) {
  std::lock_guard lock(mutex_);
  if (error_.ok()) error_ = error;
  changed_.notify_all();
}

}  // namespace plumb
