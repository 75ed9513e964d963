// Which chunk lies where, in the metadata store.
#ifndef PLUMB_REGISTRY_STORAGE_CHUNK_INDEX_H_
#define PLUMB_REGISTRY_STORAGE_CHUNK_INDEX_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "registry/storage/chunk_records.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Entries of chunks, what depends on what, and the figures of packs, which change together. Thread-safe: changes are
// made one after another, each from what the one before left.
class ChunkIndex {
 public:
  using Visitor = std::function<absl::Status(const Digest& digest, const ChunkEntry& entry)>;
  using PackVisitor = std::function<absl::Status(uint32_t pack, const PackState& state)>;

  struct NewChunk {
    Digest digest;
    ChunkEntry entry;
  };
  // How far a pack is durable.
  struct Extent {
    uint32_t pack = 0;
    uint64_t file_bytes = 0;
    uint64_t frame_bytes = 0;
    bool sealed = false;
  };
  struct Move {
    Digest digest;
    FrameLocation from;
    FrameLocation to;
  };

  // `store` must outlive the object.
  explicit ChunkIndex(MetadataStore* store) : store_(*store) {}

  absl::StatusOr<std::optional<ChunkEntry>> Find(const Digest& digest) const;
  // As Find for each, in the order asked; times that were renewed within the last minute are left as they are.
  absl::StatusOr<std::vector<std::optional<ChunkEntry>>> Touch(std::span<const Digest> digests, TimePoint now);
  // Differences to undo to read `digest`, following the entries. FAILED_PRECONDITION when one on the way is missing, is
  // `dependent`, or when there are limits::kDifferenceDepthMax already.
  absl::StatusOr<uint32_t> DepthOn(const Digest& digest, const Digest& dependent) const;

  // Adds the chunks that are not there and says how far their packs are durable. Returns how many were added.
  absl::StatusOr<size_t> Add(std::span<const NewChunk> chunks, std::span<const Extent> extents);
  // Deletes the chunks that no other chunk, those deleted with them aside, is a difference from. Returns the bytes of
  // frames of each deleted one, 0 for the others.
  absl::StatusOr<std::vector<uint32_t>> Remove(std::span<const Digest> digests);
  // Deletes a chunk whatever depends on it, if it still lies there. OK when it does not.
  absl::Status Erase(const Digest& digest, const FrameLocation& at);
  // Lets entries point to copies of their frames, where they still point to the originals, and makes known the pack
  // that holds the copies.
  absl::Status MoveTo(const Extent& pack, std::span<const Move> moves);
  // Every chunk in the order of digests, those of one moment or later. The visitor may use the index.
  absl::Status ForEach(const Visitor& visitor) const;

  absl::StatusOr<std::optional<PackState>> FindPack(uint32_t pack) const;
  // Every pack in the order of numbers. The visitor may use the index.
  absl::Status ForEachPack(const PackVisitor& visitor) const;
  // OK, and nothing done, when there is no such pack; so is CondemnPack.
  absl::Status SetPackDigest(uint32_t pack, const Digest& sha256);
  absl::Status CondemnPack(uint32_t pack);
  // Forgets a pack.
  absl::Status DropPack(uint32_t pack);

  // Makes the keys of differences and the figures of packs what the entries say, while all changes wait: about a second
  // for a million chunks.
  absl::Status Recount();

 private:
  class Changes;
  absl::Status EditPack(uint32_t pack, const std::function<void(PackState* state)>& edit);
  absl::StatusOr<bool> HasDependents(const Digest& digest, const std::set<Digest>& apart_from) const;
  absl::Status RecountDifferences(Transaction* transaction) const;
  absl::Status ScanChunks(const std::string& after, size_t count, std::vector<NewChunk>* found) const;

  MetadataStore& store_;
  std::mutex mutex_;  // Held from reading to writing.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_CHUNK_INDEX_H_
