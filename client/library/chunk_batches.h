// Visiting chunks in batches on other threads, which hash them first when that was not done.
#ifndef PLUMB_CLIENT_LIBRARY_CHUNK_BATCHES_H_
#define PLUMB_CLIENT_LIBRARY_CHUNK_BATCHES_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "client/library/hash_file.h"

namespace plumb {

// Gathers the chunks of one file, and hashes and visits them a batch at a time on threads of its own. Add and Finish
// are called by one thread.
class ChunkBatches {
 public:
  // Both must outlive the object.
  ChunkBatches(transfer::BufferPool* pool, const FileChunkVisitor& visitor);
  ~ChunkBatches();

  // Takes the next chunk of the file. An error when a visit has failed.
  absl::Status Add(FileChunk chunk);
  // Whether the threads have all the work that the cores beside the caller's can do.
  bool busy() const;
  // All chunks, once each was visited; or the first error.
  absl::StatusOr<ChunkList> Finish();

 private:
  void Flush();
  void Work();
  absl::Status Visit(std::vector<FileChunk>* batch);

  transfer::BufferPool& pool_;
  const FileChunkVisitor& visitor_;
  std::vector<FileChunk> gathered_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<FileChunk>> queue_;
  std::vector<std::pair<uint64_t, ChunkRef>> done_;  // With the offset of each, in any order.
  bool closed_ = false;
  absl::Status error_;
  std::vector<std::thread> threads_;
  size_t working_ = 0;  // Threads that have a batch.
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_CHUNK_BATCHES_H_
