// Chunks on local disk, in packs (docs/storage.md, docs/packs.md).
#ifndef PLUMB_REGISTRY_STORAGE_PACK_STORE_H_
#define PLUMB_REGISTRY_STORAGE_PACK_STORE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "registry/storage/base_pins.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/frame_reader.h"
#include "registry/storage/pack_appender.h"
#include "registry/storage/pack_digester.h"
#include "registry/storage/pack_folder.h"

namespace plumb {

// Appends frames to pack files and says in the metadata store where each lies. What was synced is there after any
// stop; what was not is there whole or not at all. A new store on a folder of packs whose metadata was lost indexes
// them.
class PackStore : public ChunkStore {
 public:
  struct Options {
    uint64_t reserve_bytes = 0;        // Free space left to the metadata store, at most 5 % of the file system.
    uint64_t pack_bytes = 256u << 20;  // What a pack grows to, without its index.
  };

  // Opens the folder `path`, making what is missing, and seals the packs that were open when it was last used.
  // `metadata` must outlive the store and is its alone for the keys of chunk_records.h.
  static absl::StatusOr<std::unique_ptr<PackStore>> New(const std::string& path, MetadataStore* metadata,
                                                        const Options& options, Clock clock);

  absl::StatusOr<std::optional<ChunkInfo>> Find(const Digest& digest) const override;
  absl::StatusOr<std::vector<std::optional<ChunkInfo>>> Touch(std::span<const Digest> digests) override;
  absl::StatusOr<Ticket> Put(const Digest& digest, std::span<const uint8_t> frame) override;
  absl::Status Sync(Ticket ticket) override;
  absl::StatusOr<std::vector<uint8_t>> ReadFrame(const Digest& digest) const override;
  absl::Status Read(const Digest& digest, std::span<uint8_t> out) const override;
  absl::StatusOr<std::vector<uint32_t>> Remove(std::span<const Digest> digests) override;
  // Keeps the frame, as far as it can be read, under `path/quarantine`.
  absl::Status Quarantine(const Digest& digest) override;
  absl::Status ForEach(const Visitor& visitor) const override;
  absl::StatusOr<StoreFigures> Figures() const override;
  absl::Status Compact(const CompactionObserver& observer) override;
  absl::Status ForeseeCompaction(std::span<const Digest> doomed, const CompactionObserver& observer) const override;
  absl::Status RebuildIndex(const RebuildObserver& observer) override;
  absl::Status CheckPacks(const PackVisitor& visitor) override;

 private:
  PackStore(std::unique_ptr<PackFolder> folder, MetadataStore* metadata, const Options& options, Clock clock);
  absl::Status CheckPack(uint32_t pack, const PackState& state);

  const Options options_;
  const Clock clock_;
  const std::unique_ptr<PackFolder> folder_;
  mutable ChunkIndex index_;
  BasePins pins_;
  FrameReader reader_;
  mutable PackAppender appender_;
  std::mutex removing_;  // One removal at a time.
  std::mutex upkeep_;    // Compaction and rebuilding exclude each other.
  std::unique_ptr<PackDigester> digester_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_STORE_H_
