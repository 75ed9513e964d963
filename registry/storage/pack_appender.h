// Taking chunks in: many callers, one open pack, one sync for all who wait.
#ifndef PLUMB_REGISTRY_STORAGE_PACK_APPENDER_H_
#define PLUMB_REGISTRY_STORAGE_PACK_APPENDER_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "registry/storage/base_pins.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/pack_folder.h"
#include "registry/storage/pack_writer.h"

namespace plumb {

// Appends frames to the open pack, and begins another when that is full. The first who waits for a sync does it for
// everybody: one fdatasync, then one transaction of the index. Thread-safe.
class PackAppender {
 public:
  using Ticket = ChunkStore::Ticket;

  // All must outlive the object. `pack_bytes`: what a pack grows to.
  PackAppender(const PackFolder* folder, ChunkIndex* index, BasePins* pins, uint64_t pack_bytes, Clock clock)
      : folder_(*folder), index_(*index), pins_(*pins), pack_bytes_(pack_bytes), clock_(std::move(clock)) {}

  // Writes the frame of a chunk that is not in the index. Its base is pinned; from here on the appender unpins it.
  absl::StatusOr<Ticket> Put(const Digest& digest, const FrameHeader& header, uint32_t depth,
                             std::span<const uint8_t> frame);
  // As ChunkStore::Sync.
  absl::Status Sync(Ticket ticket);
  // Syncs, and seals the open pack, whatever its size.
  absl::Status Roll();

  // A number for a new pack.
  uint32_t TakeNumber() { return next_pack_.fetch_add(1); }
  // Numbers up to `pack` are in use.
  void SkipNumbersTo(uint32_t pack) { next_pack_ = std::max(next_pack_.load(), pack + 1); }
  // How long ago the last Put was.
  std::chrono::steady_clock::duration IdleTime() const { return std::chrono::steady_clock::now() - last_put_.load(); }

 private:
  // What one sync makes durable.
  struct Batch {
    std::vector<ChunkIndex::NewChunk> chunks;
    std::vector<std::shared_ptr<PackWriter>> writers;
    std::vector<ChunkIndex::Extent> extents;
    std::vector<std::shared_ptr<PackWriter>> full;
    bool has_new_files = false;
    Ticket through = 0;
  };

  absl::StatusOr<PackWriter*> WriterFor(size_t frame_bytes);
  absl::StatusOr<Batch> TakeBatch();
  absl::Status SyncFiles(const Batch& batch) const;
  void SealFull(const Batch& batch);
  void GiveUp();
  void Forget(const ChunkIndex::NewChunk& chunk);
  void RunSync(std::unique_lock<std::mutex>* lock);

  const PackFolder& folder_;
  ChunkIndex& index_;
  BasePins& pins_;
  const uint64_t pack_bytes_;
  const Clock clock_;
  std::atomic<uint32_t> next_pack_{1};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::chrono::steady_clock::time_point> last_put_{};
  std::shared_ptr<PackWriter> open_;
  std::vector<std::shared_ptr<PackWriter>> dirty_;  // Written to since the last sync.
  bool has_new_files_ = false;
  std::vector<std::shared_ptr<PackWriter>> full_;  // To be sealed after the next sync.
  std::vector<ChunkIndex::NewChunk> pending_;      // Written, not synced.
  std::unordered_map<Digest, Ticket> tickets_;     // Of what is pending or being synced.
  Ticket newest_ = 0;
  Ticket done_through_ = 0;
  Ticket failed_through_ = 0;  // The last Put that a failed sync was to make durable.
  absl::Status failure_;
  bool syncing_ = false;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_APPENDER_H_
