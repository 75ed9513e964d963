// A file as a sequence of chunks, and the tree over them (docs/chunk-tree.md).
#ifndef PLUMB_CONTENT_CHUNK_LIST_H_
#define PLUMB_CONTENT_CHUNK_LIST_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "plumb/content/digest.h"

namespace plumb {

// One chunk: SHA-256 and number of its plain bytes.
struct ChunkRef {
  Digest digest;
  uint32_t size_bytes = 0;

  friend bool operator==(const ChunkRef&, const ChunkRef&) = default;
};

// Leaf hash of a chunk in its file's tree: MerkleLeafHash(digest || size as 8 bytes, big-endian).
Digest ChunkLeafHash(const ChunkRef& chunk);

// The chunks of one file in order. An empty file has no chunks. Not thread-safe to change.
class ChunkList {
 public:
  // Adds a chunk at the end. INVALID_ARGUMENT when its size is 0 or over
  // limits::kChunkBytesMax; OUT_OF_RANGE past limits::kChunksPerFileMax or limits::kFileBytesMax.
  absl::Status Append(const ChunkRef& chunk);

  const std::vector<ChunkRef>& chunks() const { return chunks_; }
  size_t size() const { return chunks_.size(); }
  // Bytes in the whole file.
  uint64_t file_bytes() const { return offsets_.empty() ? 0 : offsets_.back() + chunks_.back().size_bytes; }
  // Where chunk `index` starts in the file.
  uint64_t offset(size_t index) const { return offsets_[index]; }
  // RFC 9162 root over ChunkLeafHash of every chunk.
  Digest TreeRoot() const;

 private:
  std::vector<ChunkRef> chunks_;
  std::vector<uint64_t> offsets_;
};

}  // namespace plumb

#endif  // PLUMB_CONTENT_CHUNK_LIST_H_
