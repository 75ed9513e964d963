// Streaming chunks to a reader.
#ifndef PLUMB_REGISTRY_SERVICE_CHUNK_READER_H_
#define PLUMB_REGISTRY_SERVICE_CHUNK_READER_H_

#include <functional>

#include "absl/status/status.h"
#include "plumb/v1/content.pb.h"
#include "registry/storage/chunk_store.h"

namespace plumb {

// Sends one message; false when the caller is gone.
using ChunkSink = std::function<bool(const v1::ReadChunksResponse& message)>;

// Sends every range of `request` in order, in messages of at most
// limits::kMessageDataBytesMax. A range that cannot be read ends with its own status:
// NOT_FOUND, DATA_LOSS when the stored size is not the stated one or the disk fails,
// INVALID_ARGUMENT for an impossible range. The bytes are not hashed here: the client hashes
// each chunk before it uses it, and a second hash would halve what one core can serve.
// CANCELLED when the caller is gone; INVALID_ARGUMENT for more than limits::kBatchItemsMax ranges.
absl::Status SendChunks(const v1::ReadChunksRequest& request, const ChunkStore& chunks, const ChunkSink& sink);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_CHUNK_READER_H_
