// Making the index of chunks from the packs.
#ifndef PLUMB_REGISTRY_STORAGE_INDEX_REBUILDER_H_
#define PLUMB_REGISTRY_STORAGE_INDEX_REBUILDER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "plumb/pack/pack_scanner.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/pack_folder.h"

namespace plumb {

// Compares the index with the packs numbered below a bound, and mends it. Chunks that are put meanwhile lie in later
// packs. Memory: about 100 bytes for each chunk that the index lacks. Not thread-safe; use once.
class IndexRebuilder {
 public:
  // `folder` and `index` must outlive the object. Packs from number `end` on are left alone.
  IndexRebuilder(const PackFolder* folder, ChunkIndex* index, uint32_t end, Clock clock,
                 ChunkStore::RebuildObserver observer)
      : folder_(*folder), index_(*index), end_(end), clock_(std::move(clock)), observer_(std::move(observer)) {}

  absl::Status Run();

 private:
  // Drops entries that point to what is no record of theirs.
  absl::Status DropDangling();
  absl::StatusOr<bool> IsRecordThere(const Digest& digest, const FrameLocation& at) const;
  // Reads every pack; true when an entry was dropped, whose chunk another pack may hold.
  absl::StatusOr<bool> ReadPacks();
  absl::Status ReadPack(uint32_t pack, bool* dropped);
  absl::Status ReadRecord(uint32_t pack, const PackScanner& scanner, const ScannedRecord& record, bool* dropped);

  const PackFolder& folder_;
  ChunkIndex& index_;
  const uint32_t end_;
  const Clock clock_;
  const ChunkStore::RebuildObserver observer_;
  ChunkStore::RebuildTotals totals_;
  std::vector<ChunkIndex::NewChunk> missing_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_INDEX_REBUILDER_H_
