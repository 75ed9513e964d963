// Chunks and chunk lists together, as uploads and releases see them.
#ifndef PLUMB_REGISTRY_CATALOGUE_CONTENT_H_
#define PLUMB_REGISTRY_CATALOGUE_CONTENT_H_

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/content/chunk_list.h"
#include "registry/catalogue/chunk_lists.h"
#include "registry/catalogue/sweep_gate.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Thread-safe.
class Content {
 public:
  // Both must outlive the object.
  Content(MetadataStore* store, ChunkStore* chunks, Clock clock)
      : chunks_(*chunks), lists_(store, &gate_, std::move(clock)) {}

  ChunkStore& chunks() { return chunks_; }
  const ChunkStore& chunks() const { return chunks_; }
  ChunkLists& lists() { return lists_; }
  const ChunkLists& lists() const { return lists_; }
  SweepGate& gate() { return gate_; }

  // Renews the lifetime of each chunk, and returns those that are missing, each once, in the order asked.
  absl::StatusOr<std::vector<Digest>> TouchChunks(std::span<const Digest> digests);

  // Whether the chunk is there, renewing its lifetime. When the stored size differs from
  // `chunk.size_bytes`, the bytes are hashed: a damaged chunk is put aside and is missing, a
  // sound one means that `chunk` is wrong, INVALID_ARGUMENT.
  absl::StatusOr<bool> HasChunk(const ChunkRef& chunk);
  // As HasChunk for each, for a caller that holds gate().Rely() already.
  absl::StatusOr<std::vector<bool>> HaveChunksGated(std::span<const ChunkRef> chunks);

  // Hashes the stored chunk. False, after putting it aside, when its bytes are not what its name says or cannot be
  // read. NOT_FOUND when it is not there.
  absl::StatusOr<bool> CheckOrQuarantine(const Digest& digest);

 private:
  absl::StatusOr<bool> Judge(const ChunkRef& chunk, const std::optional<ChunkInfo>& info);

  ChunkStore& chunks_;
  SweepGate gate_;
  ChunkLists lists_;
};

// The bytes of a chunk of `size_bytes`. Errors as ChunkStore::Read.
absl::StatusOr<std::vector<uint8_t>> ReadWholeChunk(const ChunkStore& chunks, const Digest& digest,
                                                    uint32_t size_bytes);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_CONTENT_H_
