// Reading a file once: its chunks, the hash of each and of the whole.
#ifndef PLUMB_CLIENT_LIBRARY_HASH_FILE_H_
#define PLUMB_CLIENT_LIBRARY_HASH_FILE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

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

// A chunk that was read and hashed. Its buffer is one of the pool's.
struct FileChunk {
  ChunkRef chunk;
  uint64_t offset = 0;
  transfer::AlignedBytes bytes;
  bool hashed = true;  // The chunk has its digest, as all have that are visited.
};

// Sees some chunks that follow one another; an error ends the work. Called from several threads, one call for each
// batch. A buffer that it moves out of a chunk is its to return to the pool; the others go back when it returns.
using FileChunkVisitor = std::function<absl::Status(std::span<FileChunk> batch)>;

// Where the chunks of a file are hashed: by others than the thread that hashes the whole, many side by side, or beside
// the whole, two streams on one thread, while the others have enough to do. The digests are the same; which takes less
// of the processor depends on it.
enum class HashPlan { kApart, kBeside };
// The cheaper one here.
HashPlan BestHashPlan();

// Reads the open file once, cutting it as PlanChunks does with `tensors`, or by its content when there are none. One
// thread reads ahead, the calling one hashes the whole, others visit chunks. Each buffer of `pool` holds
// limits::kChunkBytes; it needs kHashBuffersMin of them. ABORTED when the file is shortened meanwhile.
absl::StatusOr<HashedFile> HashFile(int fd, std::string_view name, std::span<const ByteRange> tensors,
                                    transfer::BufferPool* pool, const FileChunkVisitor& visitor,
                                    HashPlan plan = BestHashPlan());
inline constexpr size_t kHashBuffersMin = 24;

// The same for bytes in memory.
absl::StatusOr<HashedFile> HashBytes(std::string_view bytes, transfer::BufferPool* pool,
                                     const FileChunkVisitor& visitor, HashPlan plan = BestHashPlan());

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_HASH_FILE_H_
