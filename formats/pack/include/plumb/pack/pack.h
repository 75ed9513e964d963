// The parts of a pack file, byte by byte (docs/packs.md).
#ifndef PLUMB_PACK_PACK_H_
#define PLUMB_PACK_PACK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "plumb/content/digest.h"

namespace plumb {

// Batches end, and indexes begin, at multiples of this: what was synced once is never written again.
inline constexpr uint32_t kPackBlockBytes = 4096;
inline constexpr uint32_t kPackHeaderBytes = 16;
inline constexpr uint32_t kPackRecordHeaderBytes = 56;
// Bounds the memory that reading an index takes.
inline constexpr uint32_t kPackRecordsMax = 1u << 16;

// The first bytes of every pack.
std::array<uint8_t, kPackHeaderBytes> RenderPackHeader();
// INVALID_ARGUMENT for anything else, naming what was found.
absl::Status CheckPackHeader(std::span<const uint8_t> bytes);

// What stands before each frame.
struct PackRecord {
  Digest digest;             // Of the chunk's plain bytes.
  uint32_t frame_bytes = 0;  // 1 to limits::kFrameBytesMax.
  uint64_t frame_checksum = 0;

  friend bool operator==(const PackRecord&, const PackRecord&) = default;
};

// XXH3 (64 bits) of a frame: finds accidents, not attacks.
uint64_t FrameChecksum(std::span<const uint8_t> frame);

std::array<uint8_t, kPackRecordHeaderBytes> RenderPackRecord(const PackRecord& record);
// From exactly kPackRecordHeaderBytes. INVALID_ARGUMENT for what RenderPackRecord never makes.
absl::StatusOr<PackRecord> ParsePackRecord(std::span<const uint8_t> bytes);

// Where a chunk lies in a pack, as the pack's index says it.
struct PackEntry {
  Digest digest;
  uint32_t offset = 0;  // Of the frame, in the file.
  uint32_t frame_bytes = 0;
  uint32_t plain_bytes = 0;
  std::optional<Digest> base;  // The chunk that the frame is a difference from.

  friend bool operator==(const PackEntry&, const PackEntry&) = default;
};

// `offset` moved up to the next multiple of kPackBlockBytes.
constexpr uint64_t PackBlockEnd(uint64_t offset) {
  return (offset + kPackBlockBytes - 1) / kPackBlockBytes * kPackBlockBytes;
}

}  // namespace plumb

#endif  // PLUMB_PACK_PACK_H_
