// Chunks of files on their way to a registry: asked about, compressed and sent while more are being read.
#ifndef PLUMB_CLIENT_LIBRARY_CHUNK_SENDER_H_
#define PLUMB_CLIENT_LIBRARY_CHUNK_SENDER_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include "client/library/hash_file.h"
#include "client/transfer/upload.h"
#include "plumb/client/connection.h"
#include "plumb/codec/frame.h"

namespace plumb {

// Add and Finish are called by one thread.
class ChunkSender {
 public:
  // What the registry should know of a chunk.
  struct Task {
    FileChunk chunk;
    ElementKind elements = ElementKind::kBytes;
    std::optional<Digest> similar;
  };

  // All must outlive the object; `pool` gets the buffers of the chunks back. `sent` as in Uploader.
  ChunkSender(Connection& connection, const transfer::UploadOptions& options, transfer::BufferPool* pool,
              transfer::ChunkSent sent, const Operation& operation);
  ~ChunkSender();

  // Sends the chunk if the registry lacks it and it was not added before. An error when the upload has failed.
  absl::Status Add(Task task);
  // Returns when everything was acknowledged, or with the error that ended it.
  absl::Status Finish();

 private:
  void Work();
  std::vector<Task> TakeBatch();
  absl::Status SendMissing(std::vector<Task>& batch, FrameEncoder* encoder);
  void Fail(const absl::Status& error);

  Connection& connection_;
  transfer::BufferPool& pool_;
  transfer::Uploader uploader_;
  std::unordered_set<Digest> seen_;  // Of the caller of Add.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool closed_ = false;
  absl::Status error_;
  std::vector<std::thread> threads_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_CHUNK_SENDER_H_
