// Hashing a file once: each chunk and the whole.
#ifndef PLUMB_CLIENT_LIBRARY_HASH_FILE_H_
#define PLUMB_CLIENT_LIBRARY_HASH_FILE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
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

// Reads the open file once, cutting it as PlanChunks does with `tensors`. The whole-file hash runs on a thread of
// its own. `advance` is called with the bytes read since the last call; an error from it ends the work.
// ABORTED when the file is shortened meanwhile. Memory: a few chunks.
absl::StatusOr<HashedFile> HashFile(int fd, std::string_view name, std::span<const ByteRange> tensors,
                                    const std::function<absl::Status(uint64_t)>& advance);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_HASH_FILE_H_
