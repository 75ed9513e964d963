// Reading chunks out of packs.
#ifndef PLUMB_REGISTRY_STORAGE_FRAME_READER_H_
#define PLUMB_REGISTRY_STORAGE_FRAME_READER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/codec/frame.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/pack_folder.h"

namespace plumb {

// Finds frames and undoes differences. Reading one chunk takes memory for three, however long its chain is.
// Thread-safe.
class FrameReader {
 public:
  // Both must outlive the object.
  FrameReader(const PackFolder* folder, const ChunkIndex* index) : folder_(*folder), index_(*index) {}

  // As ChunkStore::ReadFrame.
  absl::StatusOr<std::vector<uint8_t>> ReadFrame(const Digest& digest) const;
  // As ChunkStore::Read.
  absl::Status Read(const Digest& digest, std::span<uint8_t> out) const;
  // Fills `out` from a frame that need not be stored, as one with that header.
  absl::Status Decode(const FrameHeader& header, std::span<const uint8_t> frame, std::span<uint8_t> out) const;

 private:
  // Lends a decoder, which is expensive to make.
  class Decoder;

  // Gets the frame where the index says that it lies, also when it is moved meanwhile.
  absl::StatusOr<std::vector<uint8_t>> FetchFrame(const Digest& digest, ChunkEntry entry) const;
  // Fills `plain` from `frame`, and `frame` is that of `digest`.
  absl::Status DecodeFrame(const Digest& digest, std::span<const uint8_t> frame, std::span<const uint8_t> base,
                           std::span<uint8_t> plain) const;

  const PackFolder& folder_;
  const ChunkIndex& index_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<FrameDecoder>> decoders_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_FRAME_READER_H_
