// One UploadChunks stream and the queue it takes work from.
#ifndef PLUMB_CLIENT_TRANSFER_UPLOAD_STREAM_H_
#define PLUMB_CLIENT_TRANSFER_UPLOAD_STREAM_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <deque>
#include <mutex>

#include "client/transfer/upload.h"

namespace plumb::transfer {

// Sends chunks from a queue until it is empty, over one stream. Used by one thread.
class UploadStream {
 public:
  UploadStream(rpc::Channel& channel, const ChunkSent& sent, const Operation& operation, RateLimiter* limiter,
               UploadQueue* queue)
      : channel_(channel), sent_(sent), operation_(operation), limiter_(*limiter), queue_(*queue) {}

  // OK when the queue was empty and everything taken from it was acknowledged. After a failure what was
  // not acknowledged is back in the queue.
  absl::Status Run();
  // Chunks acknowledged by this object so far.
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  using Stream = grpc::ClientReaderWriter<grpc::ByteBuffer, v1::UploadChunksResponse>;
  struct InFlight {
    OutgoingChunk chunk;
    uint64_t sent_bytes;
  };

  // Sends until there is nothing to send right now.
  absl::Status SendAll(Stream* stream, rpc::WatchedCall* call);
  absl::Status SendChunk(Stream* stream, const OutgoingChunk& chunk, uint32_t offset, rpc::WatchedCall* call);
  // Where an interrupted upload of the chunk stands.
  uint32_t ResumeOffset(const OutgoingChunk& chunk);
  void ReadResponses(grpc::ClientContext* context, Stream* stream, rpc::WatchedCall* call);
  absl::Status HandleResponse(const v1::UploadChunksResponse& response);
  bool failed();

  rpc::Channel& channel_;
  const ChunkSent& sent_;
  const Operation& operation_;
  RateLimiter& limiter_;
  UploadQueue& queue_;

  std::mutex mutex_;
  std::deque<InFlight> in_flight_;  // In the order sent, which is the order of responses.
  absl::Status item_error_;
  uint64_t acknowledged_ = 0;
  bool resume_ = false;  // The last stream broke: the next chunk may be there in part.
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_UPLOAD_STREAM_H_
