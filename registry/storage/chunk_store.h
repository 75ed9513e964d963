// Where the registry keeps chunk data.
#ifndef PLUMB_REGISTRY_STORAGE_CHUNK_STORE_H_
#define PLUMB_REGISTRY_STORAGE_CHUNK_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/content/digest.h"
#include "registry/storage/clock.h"

namespace plumb {

// What a store knows of a chunk without reading it.
struct ChunkInfo {
  uint32_t size_bytes = 0;     // Plain.
  uint32_t frame_bytes = 0;    // As it is stored.
  TimePoint touched;           // When it was last written or touched.
  std::optional<Digest> base;  // Set when it is stored as the difference from another chunk.
  uint32_t depth = 0;          // Differences to undo to read it; at most limits::kDifferenceDepthMax.
};

// Sums over a whole store.
struct StoreFigures {
  uint64_t chunks = 0;
  uint64_t stored_bytes = 0;  // Of the frames of these chunks.
  uint64_t packs = 0;
  uint64_t pack_bytes = 0;  // Of pack files, garbage included.
};

// Chunks by the SHA-256 of their plain bytes, kept as frames (plumb/codec/frame.h). Thread-safe. An implementation
// never hashes: who calls Put vouches for the frame, and readers that must be sure hash what they read.
class ChunkStore {
 public:
  // Names a moment in the order of Puts.
  using Ticket = uint64_t;
  // Of what is durable already.
  static constexpr Ticket kDurable = 0;
  // Sees one chunk; an error ends the iteration and is returned.
  using Visitor = std::function<absl::Status(const Digest& digest, const ChunkInfo& info)>;

  virtual ~ChunkStore() = default;

  // What is known of the chunk; no value when it is not there.
  virtual absl::StatusOr<std::optional<ChunkInfo>> Find(const Digest& digest) const = 0;
  // As Find for each, in the order asked, and renews the times they were last touched. After power loss a renewal may
  // be gone.
  virtual absl::StatusOr<std::vector<std::optional<ChunkInfo>>> Touch(std::span<const Digest> digests) = 0;

  // Takes the frame of a chunk whose SHA-256 the caller has found to be `digest`. It is neither durable nor to be
  // found before Sync. Its base, if it has one, must be there (FAILED_PRECONDITION when not, or when it is
  // limits::kDifferenceDepthMax deep already) and is not removed from now on. A chunk that is there already is left as
  // it is. RESOURCE_EXHAUSTED (ErrorClass::kLocalStorage) when the disk is full; nothing is kept then.
  virtual absl::StatusOr<Ticket> Put(const Digest& digest, std::span<const uint8_t> frame) = 0;
  // Returns when every Put up to the one that returned `ticket` is durable and found. Puts of other callers that came
  // meanwhile share the same sync. An error means that some of them may be lost.
  virtual absl::Status Sync(Ticket ticket) = 0;

  // The chunk's frame. NOT_FOUND when there is no such chunk; DATA_LOSS when it cannot be read.
  virtual absl::StatusOr<std::vector<uint8_t>> ReadFrame(const Digest& digest) const = 0;
  // Fills `out`, which has the chunk's plain size, with its plain bytes, undoing differences. NOT_FOUND when there is
  // no such chunk; DATA_LOSS when its size is another, or it cannot be read or decoded.
  virtual absl::Status Read(const Digest& digest, std::span<uint8_t> out) const = 0;

  // Deletes those of the chunks that no other chunk is stored as the difference from, durably and together; returns
  // how many bytes of frames each deleted one had, 0 for those that stay or were not there.
  virtual absl::StatusOr<std::vector<uint32_t>> Remove(std::span<const Digest> digests) = 0;
  // Puts a damaged chunk aside, where no call but a person finds it. OK when there is none.
  virtual absl::Status Quarantine(const Digest& digest) = 0;
  // Visits every chunk in the order of their digests. Chunks put or removed meanwhile may or
  // may not be seen. The visitor may call the store.
  virtual absl::Status ForEach(const Visitor& visitor) const = 0;

  // Takes time in the number of packs, not of chunks.
  virtual absl::StatusOr<StoreFigures> Figures() const = 0;

  struct CompactionTotals {
    uint64_t deleted_packs = 0;
    uint64_t rewritten_bytes = 0;  // Of frames.
  };
  // Hears of the work so far; an error ends it and is returned.
  using CompactionObserver = std::function<absl::Status(const CompactionTotals& so_far)>;
  // Gives back the space of removed chunks, while everything else goes on. ABORTED while another compaction or
  // RebuildIndex runs.
  virtual absl::Status Compact(const CompactionObserver& observer) = 0;
  // Says to `observer` what Compact would do if `doomed` were removed.
  virtual absl::Status ForeseeCompaction(std::span<const Digest> doomed, const CompactionObserver& observer) const = 0;

  struct RebuildTotals {
    uint64_t read_packs = 0;
    uint64_t total_packs = 0;
    uint64_t added_chunks = 0;
    uint64_t removed_chunks = 0;
  };
  using RebuildObserver = std::function<absl::Status(const RebuildTotals& so_far)>;
  // Makes the index say what the packs hold: reads every frame and compares it with its checksum, adds chunks that the
  // index lacks, drops entries whose frame is not there or damaged. Everything else goes on meanwhile, except that
  // syncs wait at its end, about a second for a million chunks. ABORTED while Compact or another RebuildIndex runs.
  virtual absl::Status RebuildIndex(const RebuildObserver& observer) = 0;

  // Sees one pack that never changes again: whether its bytes are those that were sealed. The next Compact empties one
  // whose bytes are not.
  using PackVisitor = std::function<absl::Status(const std::string& name, const absl::Status& sound)>;
  // Reads every sealed pack; chunks are not looked at.
  virtual absl::Status CheckPacks(const PackVisitor& visitor) = 0;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_CHUNK_STORE_H_
