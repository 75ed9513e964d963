// The SHA-256 of sealed packs, computed when there is nothing better to do.
#ifndef PLUMB_REGISTRY_STORAGE_PACK_DIGESTER_H_
#define PLUMB_REGISTRY_STORAGE_PACK_DIGESTER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/pack_appender.h"
#include "registry/storage/pack_folder.h"

namespace plumb {

// A thread that hashes packs which have no recorded digest yet, one at a time, when nothing was put for a while, and
// then only with processor time that nobody else wants. Thread-safe.
class PackDigester {
 public:
  // All must outlive the object.
  PackDigester(const PackFolder* folder, ChunkIndex* index, const PackAppender* appender);
  ~PackDigester();

  // The SHA-256 of a whole pack file. CANCELLED while the object is being destroyed.
  absl::StatusOr<Digest> Compute(uint32_t pack) const;

 private:
  void Work();
  // Records the digest of one pack that lacks it. False when there is none.
  absl::StatusOr<bool> DigestOne();

  const PackFolder& folder_;
  ChunkIndex& index_;
  const PackAppender& appender_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread thread_;  // Last: uses the others.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_DIGESTER_H_
