// What interrupted uploads left behind, so that they can go on where they broke.
#ifndef PLUMB_REGISTRY_STORAGE_PARTIAL_UPLOADS_H_
#define PLUMB_REGISTRY_STORAGE_PARTIAL_UPLOADS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/content/digest.h"
#include "registry/storage/clock.h"

namespace plumb {

// The beginnings of chunks, one file each, unverified and never served. They are a
// convenience: losing one costs a repeated upload, so nothing here is synced. The oldest
// give way when the bounds are reached. Thread-safe.
class PartialUploads {
 public:
  struct Bounds {
    size_t count_max = 1024;
    uint64_t bytes_max = 256u << 20;
    std::chrono::seconds age_max = std::chrono::hours(24);
  };

  // Opens the folder `path`, making it when missing and removing what is older than
  // `bounds.age_max`.
  static absl::StatusOr<std::unique_ptr<PartialUploads>> New(const std::string& path, Bounds bounds, Clock clock);

  // What was being sent: the chunk's plain bytes, or a frame of `frame_bytes` bytes. Two frames of one chunk and one
  // size may still differ; then the whole does not decode, and is sent anew.
  struct Key {
    Digest digest;
    uint32_t frame_bytes = 0;

    friend auto operator<=>(const Key&, const Key&) = default;
  };

  // Keeps the first bytes of an upload, replacing what was kept of it. An empty `bytes` is not kept.
  absl::Status Keep(const Key& key, std::span<const uint8_t> bytes);
  // How many bytes are kept of an upload; 0 when none.
  uint32_t KeptBytes(const Key& key) const;
  // What is kept of an upload; empty when nothing.
  absl::StatusOr<std::vector<uint8_t>> Load(const Key& key) const;
  // Forgets an upload.
  void Drop(const Key& key);
  // Forgets what is older than the bounds allow; returns how many that were.
  size_t DropOld();

 private:
  struct Entry {
    uint32_t size_bytes = 0;
    TimePoint kept;
  };

  PartialUploads(std::string path, Bounds bounds, Clock clock)
      : path_(std::move(path)), bounds_(bounds), clock_(std::move(clock)) {}
  std::string PathOf(const Key& key) const;
  absl::Status ReadFolder();
  void DropLocked(std::map<Key, Entry>::iterator entry);
  void MakeRoomLocked(uint64_t bytes);

  const std::string path_;
  const Bounds bounds_;
  const Clock clock_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
  uint64_t total_bytes_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PARTIAL_UPLOADS_H_
