// Sending chunks to a registry over several streams.
#ifndef PLUMB_CLIENT_TRANSFER_UPLOAD_H_
#define PLUMB_CLIENT_TRANSFER_UPLOAD_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "client/rpc/channel.h"
#include "plumb/client/operation.h"
#include "plumb/content/chunk_list.h"

namespace plumb::transfer {

// Fills `out` (of the chunk's size) with the plain bytes of chunk `index`. Called from several threads.
using ReadChunk = std::function<absl::Status(size_t index, std::span<uint8_t> out)>;
// Called when the server has acknowledged a chunk, with the bytes that were sent for it.
using ChunkSent = std::function<void(size_t index, uint64_t sent_bytes)>;

// Uploads `chunks` over `streams` streams. Goes on after a broken stream where the server stands, inside a
// chunk too. Memory: a few chunks for each stream.
//   ABORTED             a chunk's bytes are not those of its digest any more (its file changed)
//   RESOURCE_EXHAUSTED  the server's disk is full
absl::Status UploadChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks, int streams, const ReadChunk& read,
                          const ChunkSent& sent, const Operation& operation);

// Those of `chunks` (indices) that the registry lacks, each digest once.
absl::StatusOr<std::vector<size_t>> FindMissingChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks,
                                                      uint32_t batch_items_max);

// True when the registry lacks the chunk list with this tree root.
absl::StatusOr<bool> IsChunkListMissing(rpc::Channel& channel, const Digest& tree_root);

// Sends a chunk list.
absl::Status PutChunkList(rpc::Channel& channel, const ChunkList& list);

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_UPLOAD_H_
