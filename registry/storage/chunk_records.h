// What the metadata store says of chunks and packs; docs/storage.md describes keys and values.
#ifndef PLUMB_REGISTRY_STORAGE_CHUNK_RECORDS_H_
#define PLUMB_REGISTRY_STORAGE_CHUNK_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/content/digest.h"
#include "registry/storage/clock.h"

namespace plumb {

// Where a frame lies.
struct FrameLocation {
  uint32_t pack = 0;
  uint32_t offset = 0;  // Of the frame, in the pack's file.
  uint32_t frame_bytes = 0;

  friend bool operator==(const FrameLocation&, const FrameLocation&) = default;
};

// A chunk that is stored.
struct ChunkEntry {
  FrameLocation at;
  uint32_t plain_bytes = 0;
  TimePoint touched;           // To the millisecond.
  std::optional<Digest> base;  // The chunk that the frame is a difference from.
  uint32_t depth = 0;          // Differences to undo to read it.

  friend bool operator==(const ChunkEntry&, const ChunkEntry&) = default;
};

// A pack file. The sums over all packs are the store's figures.
struct PackState {
  bool sealed = false;
  bool condemned = false;    // Found damaged: what is alive in it is to be written elsewhere.
  uint64_t file_bytes = 0;   // Known to be durable.
  uint64_t frame_bytes = 0;  // Of all its frames.
  uint64_t live_bytes = 0;   // Of those that a chunk's entry points to.
  uint64_t live_chunks = 0;
  std::optional<Digest> sha256;  // Of the sealed file, once it was computed.

  friend bool operator==(const PackState&, const PackState&) = default;
};

namespace chunk_keys {

inline constexpr std::string_view kChunks = "chunk/";
inline constexpr std::string_view kDifferences = "difference/";
inline constexpr std::string_view kPacks = "pack/";

std::string Chunk(const Digest& digest);
// The digest of a chunk's key.
Digest DigestOf(std::string_view chunk_key);
// Present, and empty, as long as `dependent` is stored as the difference from `base`.
std::string DifferencePrefix(const Digest& base);
std::string Difference(const Digest& base, const Digest& dependent);
std::string Pack(uint32_t pack);
uint32_t PackOf(std::string_view pack_key);

}  // namespace chunk_keys

std::string RenderChunkEntry(const ChunkEntry& entry);
// DATA_LOSS for anything that RenderChunkEntry does not make.
absl::StatusOr<ChunkEntry> ParseChunkEntry(std::string_view bytes);
std::string RenderPackState(const PackState& state);
// DATA_LOSS for anything that RenderPackState does not make.
absl::StatusOr<PackState> ParsePackState(std::string_view bytes);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_CHUNK_RECORDS_H_
