#include "client/library/chunk_batches.h"

#include <algorithm>
#include <utility>

#include "plumb/base/status.h"
#include "plumb/content/multi_digest.h"

namespace plumb {
namespace {

constexpr unsigned kThreadsMax = 16;
// Chunks of one batch: full lanes for the hash, few questions to the registry. The rest of the fewest buffers that a
// pool has keeps the reader busy meanwhile.
constexpr size_t kBatchChunks = 16;
static_assert(kBatchChunks + 8 <= kHashBuffersMin);

size_t ThreadsMax() { return std::clamp(std::thread::hardware_concurrency(), 1u, kThreadsMax); }

}  // namespace

ChunkBatches::ChunkBatches(transfer::BufferPool* pool, const FileChunkVisitor& visitor)
    : pool_(*pool), visitor_(visitor) {}

ChunkBatches::~ChunkBatches() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    if (error_.ok()) error_ = absl::CancelledError("the work was given up");
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  for (std::vector<FileChunk>& batch : queue_) {
    for (FileChunk& chunk : batch) pool_.Return(std::move(chunk.bytes));
  }
  for (FileChunk& chunk : gathered_) pool_.Return(std::move(chunk.bytes));
}

absl::Status ChunkBatches::Add(FileChunk chunk) {
  gathered_.push_back(std::move(chunk));
  if (gathered_.size() >= kBatchChunks) Flush();
  std::lock_guard lock(mutex_);
  return error_;
}

bool ChunkBatches::busy() const {
  std::lock_guard lock(mutex_);
  // The caller has a core to itself.
  return working_ + queue_.size() >= std::max<size_t>(ThreadsMax() - 1, 1);
}

void ChunkBatches::Flush() {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::exchange(gathered_, {}));
  // One more thread for each batch at first: a small file does not need them all.
  if (threads_.size() < ThreadsMax()) {
    threads_.emplace_back([this] { Work(); });
  }
  changed_.notify_one();
}

absl::StatusOr<ChunkList> ChunkBatches::Finish() {
  if (!gathered_.empty()) Flush();
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  PLUMB_RETURN_IF_ERROR(error_);
  std::sort(done_.begin(), done_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  ChunkList list;
  for (const auto& [offset, chunk] : done_) PLUMB_RETURN_IF_ERROR(list.Append(chunk));
  return list;
}

void ChunkBatches::Work() {
  while (true) {
    std::vector<FileChunk> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !queue_.empty() || closed_; });
      if (queue_.empty() || !error_.ok()) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
      ++working_;
    }
    absl::Status status = Visit(&batch);
    for (FileChunk& chunk : batch) {
      if (chunk.bytes != nullptr) pool_.Return(std::move(chunk.bytes));
    }
    std::lock_guard lock(mutex_);
    --working_;
    if (error_.ok()) error_ = status;
    for (const FileChunk& chunk : batch) done_.emplace_back(chunk.offset, chunk.chunk);
  }
}

absl::Status ChunkBatches::Visit(std::vector<FileChunk>* batch) {
  std::vector<FileChunk*> fresh;
  std::vector<std::span<const uint8_t>> plain;
  for (FileChunk& chunk : *batch) {
    if (chunk.hashed) continue;
    fresh.push_back(&chunk);
    plain.emplace_back(chunk.bytes.get(), chunk.chunk.size_bytes);
  }
  std::vector<Digest> digests(fresh.size());
  Sha256Many(plain, digests);
  for (size_t i = 0; i < fresh.size(); ++i) {
    fresh[i]->chunk.digest = digests[i];
    fresh[i]->hashed = true;
  }
  return visitor_(*batch);
}

}  // namespace plumb
