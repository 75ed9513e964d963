// One UploadChunks stream and the queue it takes work from.
#ifndef PLUMB_CLIENT_TRANSFER_UPLOAD_STREAM_H_
#define PLUMB_CLIENT_TRANSFER_UPLOAD_STREAM_H_

#include <grpcpp/support/sync_stream.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "client/transfer/upload.h"
#include "client/transfer/work_queue.h"

namespace plumb::transfer {

// Sends chunks from a queue until it is empty, over one stream. Used by one thread.
class UploadStream {
 public:
  UploadStream(rpc::Channel& channel, std::span<const ChunkRef> chunks, const ReadChunk& read, const ChunkSent& sent,
               const Operation& operation, WorkQueue* queue)
      : channel_(channel), chunks_(chunks), read_(read), sent_(sent), operation_(operation), queue_(queue) {}

  // OK when the queue was empty and everything taken from it was acknowledged. After a failure what was
  // not acknowledged is back in the queue.
  absl::Status Run();
  // Chunks acknowledged by this object so far.
  uint64_t acknowledged() const { return acknowledged_; }

 private:
  using Stream = grpc::ClientReaderWriter<v1::UploadChunksRequest, v1::UploadChunksResponse>;
  struct InFlight {
    size_t index;
    uint64_t sent_bytes;
  };

  absl::Status SendAll(Stream* stream);
  absl::Status SendChunk(Stream* stream, size_t index, uint32_t offset);
  // Where an interrupted upload of the chunk stands.
  uint32_t ResumeOffset(size_t index);
  // Waits until another chunk may be sent; false when the stream failed.
  bool WaitForWindow();
  void ReadResponses(Stream* stream);
  absl::Status HandleResponse(const v1::UploadChunksResponse& response);

  rpc::Channel& channel_;
  std::span<const ChunkRef> chunks_;
  const ReadChunk& read_;
  const ChunkSent& sent_;
  const Operation& operation_;
  WorkQueue* queue_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<InFlight> in_flight_;  // In the order sent, which is the order of responses.
  absl::Status item_error_;
  bool reading_ = false;
  uint64_t acknowledged_ = 0;
  bool resume_ = false;  // The last stream broke: the next chunk may be there in part.
  std::vector<uint8_t> buffer_;
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_UPLOAD_STREAM_H_
