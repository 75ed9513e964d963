// Chunks of files on their way to a registry: asked about, compressed and sent while more are being read.
#ifndef PLUMB_CLIENT_LIBRARY_CHUNK_SENDER_H_
#define PLUMB_CLIENT_LIBRARY_CHUNK_SENDER_H_

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "client/library/hash_file.h"
#include "client/transfer/upload.h"
#include "plumb/client/connection.h"
#include "plumb/codec/frame.h"

namespace plumb {

// Send may be called from several threads.
class ChunkSender {
 public:
  // What the registry should know of a chunk.
  struct Task {
    FileChunk chunk;
    ElementKind elements = ElementKind::kBytes;
    std::optional<Digest> similar;
  };

  // All must outlive the object; `pool` gets the buffers of chunks back as soon as they are compressed. `sent` as in
  // Uploader.
  ChunkSender(Connection& connection, const transfer::UploadOptions& options, transfer::BufferPool* pool,
              transfer::ChunkSent sent, const Operation& operation)
      : connection_(connection), pool_(*pool), uploader_(connection.channel(), options, std::move(sent), operation) {}

  // Sends those chunks that the registry lacks and that were not given before; returns when they are compressed and
  // queued. An error when the upload has failed.
  absl::Status Send(std::vector<Task> batch);
  // Returns when everything was acknowledged, or with the error that ended it.
  absl::Status Finish() { return uploader_.Finish(); }

 private:
  absl::Status SendMissing(std::vector<Task>& batch, FrameEncoder* encoder);
  std::unique_ptr<FrameEncoder> TakeEncoder();

  Connection& connection_;
  transfer::BufferPool& pool_;
  transfer::Uploader uploader_;
  std::mutex mutex_;
  std::unordered_set<Digest> seen_;
  std::vector<std::unique_ptr<FrameEncoder>> encoders_;  // That nobody uses now.
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_CHUNK_SENDER_H_
