#include "plumb/content/chunk_list.h"

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/merkle.h"

namespace plumb {

Digest ChunkLeafHash(const ChunkRef& chunk) {
  std::array<uint8_t, Digest::kSizeBytes + 8> leaf{};
  std::memcpy(leaf.data(), chunk.digest.bytes.data(), Digest::kSizeBytes);
  for (int i = 0; i < 4; ++i) leaf[Digest::kSizeBytes + 7 - i] = static_cast<uint8_t>(chunk.size_bytes >> (8 * i));
  return MerkleLeafHash(leaf);
}

absl::Status ChunkList::Append(const ChunkRef& chunk) {
  if (chunk.size_bytes == 0 || chunk.size_bytes > limits::kChunkBytesMax) {
    return InvalidArgument(fmt::format("chunk {} has {} bytes, expected 1 to {}", chunks_.size(), chunk.size_bytes,
                                       limits::kChunkBytesMax));
  }
  if (chunks_.size() >= limits::kChunksPerFileMax) {
    return OutOfRange(fmt::format("a file has at most {} chunks", limits::kChunksPerFileMax));
  }
  uint64_t offset = file_bytes();
  if (offset + chunk.size_bytes > limits::kFileBytesMax) {
    return OutOfRange(fmt::format("a file has at most {} bytes", limits::kFileBytesMax));
  }
  offsets_.push_back(offset);
  chunks_.push_back(chunk);
  return absl::OkStatus();
}

Digest ChunkList::TreeRoot() const {
  MerkleRootBuilder builder;
  for (const ChunkRef& chunk : chunks_) builder.AddLeafHash(ChunkLeafHash(chunk));
  return builder.Root();
}

}  // namespace plumb
