// Appending to one pack.
#ifndef PLUMB_REGISTRY_STORAGE_PACK_WRITER_H_
#define PLUMB_REGISTRY_STORAGE_PACK_WRITER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"
#include "plumb/codec/frame.h"
#include "plumb/pack/pack.h"

namespace plumb {

// Writes through the file cache, and lets the disk begin early: measured here against O_DIRECT, 1.4 GB written and read
// back in 1.0 s instead of 2.6, because what was just published is pulled from memory. Not thread-safe, except for
// Sync.
class PackWriter {
 public:
  // Makes the file `path`, which must not exist.
  static absl::StatusOr<std::unique_ptr<PackWriter>> Create(uint32_t pack, const std::string& path);
  // Goes on with a file whose records, `entries`, end at `end`.
  static absl::StatusOr<std::unique_ptr<PackWriter>> Resume(uint32_t pack, const std::string& path,
                                                            std::vector<PackEntry> entries, uint64_t end);

  // Whether one more frame keeps the pack within `pack_bytes` and what a pack may hold.
  bool HasRoomFor(size_t frame_bytes, uint64_t pack_bytes) const;
  // Writes a record and returns where its frame begins. After an error nothing of it is part of the pack.
  // RESOURCE_EXHAUSTED (ErrorClass::kLocalStorage) when the disk is full.
  absl::StatusOr<uint32_t> Append(const Digest& digest, const FrameHeader& header, std::span<const uint8_t> frame);
  // Fills the block, so that what is synced now is not written again.
  absl::Status EndBatch();
  // Makes durable what was appended before. Thread-safe.
  absl::Status Sync() const;
  // Appends the index and syncs. Nothing may be appended afterwards.
  absl::Status Seal();

  uint32_t pack() const { return pack_; }
  uint64_t file_bytes() const { return end_; }
  // Of all frames.
  uint64_t frame_bytes() const { return frame_bytes_; }
  const std::vector<PackEntry>& entries() const { return entries_; }

 private:
  PackWriter(uint32_t pack, std::string path, UniqueFd fd) : pack_(pack), path_(std::move(path)), fd_(std::move(fd)) {}

  const uint32_t pack_;
  const std::string path_;
  const UniqueFd fd_;
  std::vector<PackEntry> entries_;
  uint64_t end_ = 0;
  uint64_t frame_bytes_ = 0;
  uint64_t written_back_ = 0;  // The disk was told to begin with what stands before.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_PACK_WRITER_H_
