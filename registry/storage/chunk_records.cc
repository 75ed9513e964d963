#include "registry/storage/chunk_records.h"

#include <chrono>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Appends `bytes` bytes of `value`, most significant first.
void Append(uint64_t value, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

// Takes `bytes` bytes from the front of `from`, which has as many.
uint64_t Take(int bytes, std::string_view* from) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>((*from)[static_cast<size_t>(i)]);
  from->remove_prefix(static_cast<size_t>(bytes));
  return value;
}

std::string Join(std::string_view space, const Digest& digest) { return std::string(space) + digest.ToBytes(); }

Digest ToDigest(std::string_view bytes) { return Digest::FromBytes(bytes).value_or(Digest()); }

uint64_t ToMilliseconds(TimePoint time) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

constexpr size_t kEntryBytes = 25;
constexpr size_t kStateBytes = 33;

}  // namespace

namespace chunk_keys {

std::string Chunk(const Digest& digest) { return Join(kChunks, digest); }
Digest DigestOf(std::string_view chunk_key) { return ToDigest(chunk_key.substr(kChunks.size())); }
std::string DifferencePrefix(const Digest& base) { return Join(kDifferences, base); }
std::string Difference(const Digest& base, const Digest& dependent) {
  return DifferencePrefix(base) + dependent.ToBytes();
}
std::string Pack(uint32_t pack) {
  std::string key(kPacks);
  Append(pack, 4, &key);
  return key;
}
uint32_t PackOf(std::string_view pack_key) {
  pack_key.remove_prefix(kPacks.size());
  return pack_key.size() == 4 ? static_cast<uint32_t>(Take(4, &pack_key)) : 0;
}

}  // namespace chunk_keys

std::string RenderChunkEntry(const ChunkEntry& entry) {
  std::string bytes;
  Append(entry.at.pack, 4, &bytes);
  Append(entry.at.offset, 4, &bytes);
  Append(entry.at.frame_bytes, 4, &bytes);
  Append(entry.plain_bytes, 4, &bytes);
  Append(ToMilliseconds(entry.touched), 8, &bytes);
  Append(entry.depth, 1, &bytes);
  if (entry.base.has_value()) bytes += entry.base->ToBytes();
  return bytes;
}

absl::StatusOr<ChunkEntry> ParseChunkEntry(std::string_view bytes) {
  if (bytes.size() != kEntryBytes && bytes.size() != kEntryBytes + Digest::kSizeBytes) {
    return DataLoss(fmt::format("the entry of a chunk has {} bytes", bytes.size()));
  }
  ChunkEntry entry;
  entry.at.pack = static_cast<uint32_t>(Take(4, &bytes));
  entry.at.offset = static_cast<uint32_t>(Take(4, &bytes));
  entry.at.frame_bytes = static_cast<uint32_t>(Take(4, &bytes));
  entry.plain_bytes = static_cast<uint32_t>(Take(4, &bytes));
  entry.touched = TimePoint(std::chrono::milliseconds(Take(8, &bytes)));
  entry.depth = static_cast<uint32_t>(Take(1, &bytes));
  if (!bytes.empty()) entry.base = ToDigest(bytes);
  if (entry.at.frame_bytes <= limits::kFrameBytesMax && entry.plain_bytes <= limits::kChunkBytesMax) return entry;
  return DataLoss(fmt::format("the entry of a chunk says {} bytes in a frame of {}, at most {} and {} are possible",
                              entry.plain_bytes, entry.at.frame_bytes, limits::kChunkBytesMax, limits::kFrameBytesMax));
}

std::string RenderPackState(const PackState& state) {
  std::string bytes;
  Append((state.sealed ? 1u : 0u) | (state.condemned ? 2u : 0u), 1, &bytes);
  Append(state.file_bytes, 8, &bytes);
  Append(state.frame_bytes, 8, &bytes);
  Append(state.live_bytes, 8, &bytes);
  Append(state.live_chunks, 8, &bytes);
  if (state.sha256.has_value()) bytes += state.sha256->ToBytes();
  return bytes;
}

absl::StatusOr<PackState> ParsePackState(std::string_view bytes) {
  if (bytes.size() != kStateBytes && bytes.size() != kStateBytes + Digest::kSizeBytes) {
    return DataLoss(fmt::format("the record of a pack has {} bytes", bytes.size()));
  }
  PackState state;
  uint64_t flags = Take(1, &bytes);
  state.sealed = (flags & 1) != 0;
  state.condemned = (flags & 2) != 0;
  state.file_bytes = Take(8, &bytes);
  state.frame_bytes = Take(8, &bytes);
  state.live_bytes = Take(8, &bytes);
  state.live_chunks = Take(8, &bytes);
  if (!bytes.empty()) state.sha256 = ToDigest(bytes);
  return state;
}

}  // namespace plumb
