// Reading a file once: its chunks, the hash of each and of the whole.
#ifndef PLUMB_CLIENT_LIBRARY_HASH_FILE_H_
#define PLUMB_CLIENT_LIBRARY_HASH_FILE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/transfer/buffer_pool.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/chunker.h"
#include "plumb/content/digest.h"

namespace plumb {

// A file's hashes.
struct HashedFile {
  uint64_t size_bytes = 0;
  Digest sha256;
  ChunkList chunks;
};

// A chunk that was just read. Its buffer is one of the pool's and goes back there.
struct FileChunk {
  ChunkRef chunk;
  uint64_t offset = 0;
  transfer::AlignedBytes bytes;
};

// Sees each chunk in the order of the file; an error ends the work. Returns the buffer to the pool, now or later.
using FileChunkVisitor = std::function<absl::Status(FileChunk chunk)>;

// Reads the open file once, cutting it as PlanChunks does with `tensors`, or by its content when there are none. Each
// buffer of `pool` holds limits::kChunkBytes. ABORTED when the file is shortened meanwhile.
absl::StatusOr<HashedFile> HashFile(int fd, std::string_view name, std::span<const ByteRange> tensors,
                                    transfer::BufferPool* pool, const FileChunkVisitor& visitor);

// The same for bytes in memory.
absl::StatusOr<HashedFile> HashBytes(std::string_view bytes, transfer::BufferPool* pool,
                                     const FileChunkVisitor& visitor);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_HASH_FILE_H_
