#include "registry/catalogue/content.h"

#include <unordered_set>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "spdlog/spdlog.h"

namespace plumb {

absl::StatusOr<std::vector<uint8_t>> ReadWholeChunk(const ChunkStore& chunks, const Digest& digest,
                                                    uint32_t size_bytes) {
  std::vector<uint8_t> bytes(size_bytes);
  PLUMB_RETURN_IF_ERROR(chunks.Read(digest, bytes));
  return bytes;
}

absl::StatusOr<std::vector<Digest>> Content::TouchChunks(std::span<const Digest> digests) {
  auto rely = gate_.Rely();
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::optional<ChunkInfo>> infos, chunks_.Touch(digests));
  std::vector<Digest> missing;
  std::unordered_set<Digest> seen;
  for (size_t i = 0; i < digests.size(); ++i) {
    if (!infos[i].has_value() && seen.insert(digests[i]).second) missing.push_back(digests[i]);
  }
  return missing;
}

absl::StatusOr<bool> Content::HasChunk(const ChunkRef& chunk) {
  auto rely = gate_.Rely();
  PLUMB_ASSIGN_OR_RETURN(std::vector<bool> there, HaveChunksGated({&chunk, 1}));
  return there[0];
}

absl::StatusOr<std::vector<bool>> Content::HaveChunksGated(std::span<const ChunkRef> chunks) {
  std::vector<Digest> digests;
  digests.reserve(chunks.size());
  for (const ChunkRef& chunk : chunks) digests.push_back(chunk.digest);
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::optional<ChunkInfo>> infos, chunks_.Touch(digests));
  std::vector<bool> there(chunks.size());
  for (size_t i = 0; i < chunks.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(bool is_there, Judge(chunks[i], infos[i]));
    there[i] = is_there;
  }
  return there;
}

absl::StatusOr<bool> Content::Judge(const ChunkRef& chunk, const std::optional<ChunkInfo>& info) {
  if (!info.has_value()) return false;
  if (info->size_bytes == chunk.size_bytes) return true;
  absl::StatusOr<bool> sound = CheckOrQuarantine(chunk.digest);
  if (absl::IsNotFound(sound.status())) return false;
  if (!sound.ok() || !*sound) return sound;
  return InvalidArgument(
      fmt::format("chunk {} has {} bytes, {} were stated", chunk.digest.ToHex(), info->size_bytes, chunk.size_bytes));
}

absl::StatusOr<bool> Content::CheckOrQuarantine(const Digest& digest) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, chunks_.Find(digest));
  if (!info.has_value()) return NotFound(fmt::format("no chunk {}", digest.ToHex()));
  absl::StatusOr<std::vector<uint8_t>> bytes = ReadWholeChunk(chunks_, digest, info->size_bytes);
  if (absl::IsNotFound(bytes.status())) return bytes.status();
  if (bytes.ok() && Sha256Of(*bytes) == digest) return true;
  spdlog::error("chunk {} is damaged on disk; it is put aside", digest.ToHex());
  PLUMB_RETURN_IF_ERROR(chunks_.Quarantine(digest));
  return false;
}

}  // namespace plumb
