#include "registry/catalogue/content.h"

#include <unordered_set>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

bool IsPossible(const ChunkInfo& info) { return info.size_bytes >= 1 && info.size_bytes <= limits::kChunkBytesMax; }

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ReadWholeChunk(const ChunkStore& chunks, const Digest& digest,
                                                    uint32_t size_bytes) {
  std::vector<uint8_t> bytes(size_bytes);
  PLUMB_RETURN_IF_ERROR(chunks.Read(digest, 0, bytes));
  return bytes;
}

absl::StatusOr<std::vector<Digest>> Content::TouchChunks(std::span<const Digest> digests) {
  auto rely = gate_.Rely();
  std::vector<Digest> missing;
  std::unordered_set<Digest> seen;
  for (const Digest& digest : digests) {
    if (!seen.insert(digest).second) continue;
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, chunks_.Touch(digest));
    // A file of impossible size is damaged; sending the chunk again replaces it.
    if (!info.has_value() || !IsPossible(*info)) missing.push_back(digest);
  }
  return missing;
}

absl::StatusOr<bool> Content::HasChunk(const ChunkRef& chunk) {
  auto rely = gate_.Rely();
  return HasChunkGated(chunk);
}

absl::StatusOr<bool> Content::HasChunkGated(const ChunkRef& chunk) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, chunks_.Touch(chunk.digest));
  if (!info.has_value()) return false;
  if (info->size_bytes == chunk.size_bytes) return true;
  absl::StatusOr<bool> sound = CheckOrQuarantine(chunk.digest);
  if (absl::IsNotFound(sound.status())) return false;
  if (!sound.ok() || !*sound) return sound;
  return InvalidArgument(
      fmt::format("chunk {} has {} bytes, {} were stated", chunk.digest.ToHex(), info->size_bytes, chunk.size_bytes));
}

absl::Status Content::PutChunk(const Digest& digest, std::span<const uint8_t> bytes) {
  auto rely = gate_.Rely();
  return chunks_.Put(digest, bytes);
}

absl::StatusOr<bool> Content::CheckOrQuarantine(const Digest& digest) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, chunks_.Find(digest));
  if (!info.has_value()) return NotFound(fmt::format("no chunk {}", digest.ToHex()));
  if (IsPossible(*info)) {
    absl::StatusOr<std::vector<uint8_t>> bytes = ReadWholeChunk(chunks_, digest, info->size_bytes);
    if (absl::IsNotFound(bytes.status())) return bytes.status();
    if (bytes.ok() && Sha256Of(*bytes) == digest) return true;
  }
  spdlog::error("chunk {} is damaged on disk; it is put aside", digest.ToHex());
  PLUMB_RETURN_IF_ERROR(chunks_.Quarantine(digest));
  return false;
}

}  // namespace plumb
