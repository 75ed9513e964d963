// Chunks that wait to be sent.
#ifndef PLUMB_CLIENT_TRANSFER_UPLOAD_QUEUE_H_
#define PLUMB_CLIENT_TRANSFER_UPLOAD_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "plumb/codec/frame.h"
#include "plumb/content/chunk_list.h"

namespace plumb::transfer {

// A chunk to send. Cheap to copy.
struct OutgoingChunk {
  ChunkRef chunk;
  std::shared_ptr<const std::vector<uint8_t>> frame;
  // A chunk that the server may store this one as the difference from.
  std::optional<Digest> similar;
  ElementKind elements = ElementKind::kBytes;
};

// Thread-safe.
class UploadQueue {
 public:
  // `bytes_max`: frames that are held at once, waiting or sent and not acknowledged.
  explicit UploadQueue(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Waits for room. The error that ended the upload, if it has ended.
  absl::Status Push(OutgoingChunk chunk);
  // The next chunk to send; waits for one. None when there will be no more to send, or the upload has failed.
  std::optional<OutgoingChunk> Pop();
  // A chunk that was popped must be sent again: to the front.
  void PutBack(OutgoingChunk chunk);
  // A chunk that was popped has arrived.
  void Acknowledge(const OutgoingChunk& chunk);
  // No more will be pushed.
  void Close();
  // Ends the upload; the first error stays.
  void Fail(const absl::Status& error);
  absl::Status status() const;

 private:
  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<OutgoingChunk> waiting_;
  size_t sent_ = 0;  // Popped and not acknowledged.
  uint64_t held_bytes_ = 0;
  bool closed_ = false;
  absl::Status error_;
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_UPLOAD_QUEUE_H_
