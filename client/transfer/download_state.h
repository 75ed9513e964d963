// What is asked for, on its way and done in a download from several registries.
#ifndef PLUMB_CLIENT_TRANSFER_DOWNLOAD_STATE_H_
#define PLUMB_CLIENT_TRANSFER_DOWNLOAD_STATE_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/transfer/buffer_pool.h"
#include "client/transfer/download.h"

namespace plumb::transfer {

// Names a chunk of a download.
struct ChunkId {
  size_t extent = 0;
  size_t chunk = 0;
};

// Hands out chunks to fetch, takes them in, and says what is complete. Thread-safe.
//
// Each chunk is asked of one source. It is asked of another when the first one fails or lies, or is so slow that the
// others have nothing left to do; whichever copy comes first and is right counts.
class DownloadState {
 public:
  // `pool` has room for the largest extent in each buffer; both must outlive the object.
  DownloadState(std::span<const Extent> extents, size_t sources, BufferPool* pool);
  static constexpr size_t kSourcesMax = 64;
  // Gives back what buffers are left.
  ~DownloadState();

  // Chunks to ask `source` for, about `extents_max` extents of them; waits for some. Empty when there is nothing more
  // for it to do.
  std::vector<ChunkId> Take(size_t source, size_t extents_max);
  // The call for `ids` broke: those that did not come may be asked for again, of any source.
  void Release(size_t source, const std::vector<ChunkId>& ids);
  // Takes no more part, because of `why`. False, and nothing changes, when it is the last one.
  bool DropSource(size_t source, const absl::Status& why);
  bool IsDropped(size_t source) const;

  // Where to decode a chunk that came; none when another copy was first.
  std::optional<std::span<uint8_t>> BeginDecode(ChunkId id);
  // The decoded chunk is right.
  void Good(ChunkId id);
  // The source has no such chunk, or sent other bytes. The chunk is asked for again where that may help, else it counts
  // as damaged. `again`: the same source may do better next time.
  void Bad(ChunkId id, size_t source, bool again, const absl::Status& why);

  // The chunk came as a difference and turned out wrong: from now on it is asked for without a base.
  void AskAlone(ChunkId id);
  bool IsAlone(ChunkId id) const;

  // A finished extent, to be written; waits for one. None when there will be no more.
  struct Finished {
    size_t extent;
    AlignedBytes buffer;
    std::vector<bool> good;
  };
  std::optional<Finished> TakeFinished();
  // An extent's buffer is free again.
  void Written(AlignedBytes buffer);

  // Ends the download; the first error stays.
  void Fail(const absl::Status& error);
  absl::Status status() const;
  // Waits until every chunk is good or damaged, or the download failed.
  void WaitUntilOver();
  DownloadReport TakeReport();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Stage : uint8_t { kWaiting, kAsked, kDecoding, kGood, kDamaged };
  struct ChunkState {
    Stage stage = Stage::kWaiting;
    uint8_t tries = 0;
    bool alone = false;           // Not to be fetched as a difference.
    uint8_t on_their_way = 0;     // Copies asked for.
    size_t source = 0;            // Who was asked last.
    uint64_t failed_sources = 0;  // A bit for each that cannot help.
    Clock::time_point asked;
    size_t offset = 0;  // In the extent's buffer.
  };
  struct ExtentState {
    AlignedBytes buffer;
    std::vector<ChunkState> chunks;
    size_t left = 0;
  };

  ChunkState& StateOf(ChunkId id) { return states_[id.extent].chunks[id.chunk]; }
  bool OverLocked() const { return !error_.ok() || extents_left_ == 0; }
  void AskLocked(ChunkId id, size_t source, std::vector<ChunkId>* ids);
  void TakeAgainLocked(size_t source, size_t chunks_max, std::vector<ChunkId>* ids);
  bool TakeFreshLocked(size_t source, std::vector<ChunkId>* ids);
  // Chunks that a slow source still owes.
  void TakeLateLocked(size_t source, std::vector<ChunkId>* ids);
  // Some source is left that has not failed to bring the chunk.
  bool HasHopeLocked(const ChunkState& chunk) const;
  void SettleLocked(ChunkId id, Stage stage);
  void DropLocked(size_t source, const absl::Status& why);
  void DamagedLocked(ChunkId id, const absl::Status& why);

  const std::span<const Extent> extents_;
  BufferPool& pool_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ExtentState> states_;
  std::vector<bool> dropped_;
  std::deque<ChunkId> again_;
  size_t fresh_ = 0;  // First extent that nobody was asked for.
  size_t extents_left_;
  std::deque<size_t> finished_;
  DownloadReport report_;
  absl::Status error_;
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_DOWNLOAD_STATE_H_
