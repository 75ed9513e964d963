// Sending chunks to a registry over several streams.
#ifndef PLUMB_CLIENT_TRANSFER_UPLOAD_H_
#define PLUMB_CLIENT_TRANSFER_UPLOAD_H_

#include <cstdint>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "client/rpc/channel.h"
#include "client/transfer/rate_limiter.h"
#include "client/transfer/upload_queue.h"
#include "plumb/client/operation.h"
#include "plumb/content/chunk_list.h"

namespace plumb::transfer {

// How to upload.
struct UploadOptions {
  int streams = 4;
  // Bytes of frames that may wait to be sent or acknowledged.
  uint64_t memory_bytes = 64u << 20;
  // 0: no limit.
  uint64_t bytes_per_second = 0;
};

// Called when the server says that a chunk is durable, with the bytes that were sent for it.
using ChunkSent = std::function<void(const ChunkRef& chunk, uint64_t sent_bytes)>;

// Uploads chunks while they are being made. A broken stream goes on where the server stands, inside a chunk too. Add
// may be called from several threads.
class Uploader {
 public:
  // All must outlive the uploader. `sent` is called from several threads.
  Uploader(rpc::Channel& channel, const UploadOptions& options, ChunkSent sent, const Operation& operation);
  // Gives up what was not sent.
  ~Uploader();

  // Takes a chunk to send; waits while too much is on its way. An error when the upload has failed:
  //   ABORTED             a chunk's bytes are not those of its digest (its file changed)
  //   RESOURCE_EXHAUSTED  the server's disk is full
  absl::Status Add(OutgoingChunk chunk);
  // Returns when everything was acknowledged, or with the error that ended the upload.
  absl::Status Finish();

 private:
  void Work();

  rpc::Channel& channel_;
  const ChunkSent sent_;
  const Operation& operation_;
  RateLimiter limiter_;
  UploadQueue queue_;
  std::vector<std::thread> threads_;
};

// Those of `chunks` (indices) that the registry lacks, each digest once.
absl::StatusOr<std::vector<size_t>> FindMissingChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks,
                                                      uint32_t batch_items_max);

// True when the registry lacks the chunk list with this tree root.
absl::StatusOr<bool> IsChunkListMissing(rpc::Channel& channel, const Digest& tree_root);

// Sends a chunk list.
absl::Status PutChunkList(rpc::Channel& channel, const ChunkList& list);

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_UPLOAD_H_
