// Giving back the space of deleted chunks.
#ifndef PLUMB_REGISTRY_STORAGE_PACK_COMPACTOR_H_
#define PLUMB_REGISTRY_STORAGE_PACK_COMPACTOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/pack_appender.h"
#include "registry/storage/pack_folder.h"
#include "registry/storage/pack_writer.h"

namespace plumb {

// Deletes packs that hold nothing alive, and writes those anew that are less than 80 % alive, or many and small. Frames
// are copied as they are, each compared with its checksum; a damaged one stays where it is, and its pack with it. A
// new pack has no name before it is sealed and synced, the index points to it before the old one goes: stopped at any
// moment, every chunk is where the index says. Not thread-safe; one at a time.
class PackCompactor {
 public:
  // All must outlive the object.
  PackCompactor(const PackFolder* folder, ChunkIndex* index, PackAppender* appender, uint64_t pack_bytes,
                ChunkStore::CompactionObserver observer)
      : folder_(*folder),
        index_(*index),
        appender_(*appender),
        pack_bytes_(pack_bytes),
        observer_(std::move(observer)) {}
  ~PackCompactor();

  absl::Status Run();
  // What Run would do after the deletion of `doomed`.
  absl::Status Foresee(std::span<const Digest> doomed);

 private:
  using Packs = std::map<uint32_t, PackState>;

  absl::StatusOr<Packs> Victims(const Packs& doomed) const;
  absl::Status CopyPack(uint32_t pack);
  absl::Status CopyFrame(const Digest& digest, const FrameLocation& from, int fd);
  absl::Status FinishOutput();
  absl::Status DeletePack(uint32_t pack);

  const PackFolder& folder_;
  ChunkIndex& index_;
  PackAppender& appender_;
  const uint64_t pack_bytes_;
  const ChunkStore::CompactionObserver observer_;
  ChunkStore::CompactionTotals totals_;
  std::unique_ptr<PackWriter> output_;
  std::vector<ChunkIndex::Move> moves_;  // What output_ holds.
  std::vector<uint32_t> copied_;         // Packs whose live frames were all looked at.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_COMPACTOR_H_
