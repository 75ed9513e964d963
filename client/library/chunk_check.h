// Which chunks of a list an open file has, at the speed of the hash.
//
// Only chunks are hashed, several at a time on each core. That is all of the file's integrity: the manifest's digest
// fixes the tree root, and the tree root fixes every chunk's digest, size and place, so a file
// whose chunks are all right is the published one, byte for byte. The manifest's SHA-256 of the whole file says the
// same again, for tools that know no chunks.
#ifndef PLUMB_CLIENT_LIBRARY_CHUNK_CHECK_H_
#define PLUMB_CLIENT_LIBRARY_CHUNK_CHECK_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/digest.h"

namespace plumb {

// Called with the bytes checked since the last call, from any thread, one call at a time; an error ends the work.
using CheckProgress = std::function<absl::Status(uint64_t bytes)>;

// Which chunks the file has: entry i is true when the bytes of chunk i are there and have its digest. Works on a few
// threads when the file is large; holds up to 128 MiB of the file mapped at a time. A file shorter than the list, even
// one that becomes so meanwhile, lacks the rest; other failures to read are errors.
absl::StatusOr<std::vector<bool>> CheckEveryChunk(int fd, const ChunkList& list, std::string_view name,
                                                  const CheckProgress& progress);

// As CheckEveryChunk, on one thread, and gives the SHA-256 of the chunks that could be read, one after another.
absl::StatusOr<std::vector<bool>> CheckEveryChunkAndWhole(int fd, const ChunkList& list, std::string_view name,
                                                          const CheckProgress& progress, Digest* whole);

// For files that are being gathered: as CheckEveryChunk, but chunks of more than a page that lie in holes of a sparse
// file are taken as missing without being read: nothing was written there.
absl::StatusOr<std::vector<bool>> CheckChunks(int fd, const ChunkList& list, std::string_view name);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_CHUNK_CHECK_H_
