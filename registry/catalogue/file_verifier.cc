#include "registry/catalogue/file_verifier.h"

#include <span>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

// Hashes the chunks one by one to find those that made a whole-file hash fail.
absl::Status FindDamage(const Digest& root, Content* content, MissingContent* missing) {
  return content->lists().ForEachPage(root, [&](uint64_t, std::span<const ChunkRef> chunks) -> absl::Status {
    for (const ChunkRef& chunk : chunks) {
      absl::StatusOr<bool> sound = content->CheckOrQuarantine(chunk.digest);
      if (!sound.ok() && !absl::IsNotFound(sound.status())) return sound.status();
      if (!sound.ok() || !*sound) missing->AddChunk(chunk.digest);
    }
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status CheckPresence(const v1::File& file, bool gated, Content* content, MissingContent* missing) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, content->lists().Find(root));
  if (!info.has_value()) {
    missing->AddList(root);
    return absl::OkStatus();
  }
  if (info->size_bytes != file.size_bytes() || info->chunk_count != file.chunk_count()) {
    return InvalidArgument(fmt::format(
        "file \"{}\": the manifest says {} bytes in {} chunks, the chunk list of its tree root has {} bytes in {}",
        file.path(), file.size_bytes(), file.chunk_count(), info->size_bytes, info->chunk_count));
  }
  absl::Status status =
      content->lists().ForEachPage(root, [&](uint64_t, std::span<const ChunkRef> chunks) -> absl::Status {
        for (const ChunkRef& chunk : chunks) {
          if (missing->full()) return absl::OkStatus();
          absl::StatusOr<bool> there = gated ? content->HasChunkGated(chunk) : content->HasChunk(chunk);
          if (!there.ok()) return Annotate(there.status(), fmt::format("file \"{}\"", file.path()));
          if (!*there) missing->AddChunk(chunk.digest);
        }
        return absl::OkStatus();
      });
  if (absl::IsNotFound(status)) {  // Collected between Find and the last page.
    missing->AddList(root);
    return absl::OkStatus();
  }
  return status;
}

absl::Status VerifyWholeFile(const v1::File& file, Content* content, MissingContent* missing,
                             const BytesObserver& observer) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  PLUMB_ASSIGN_OR_RETURN(Digest expected, Digest::FromBytes(file.sha256()));
  Sha256 hash;
  std::vector<uint8_t> buffer;
  bool readable = true;
  auto hash_page = [&](uint64_t, std::span<const ChunkRef> chunks) -> absl::Status {
    for (const ChunkRef& chunk : chunks) {
      if (!readable) return absl::OkStatus();
      buffer.resize(chunk.size_bytes);
      if (!content->chunks().Read(chunk.digest, 0, buffer).ok()) {
        readable = false;
        return absl::OkStatus();
      }
      hash.Update(buffer);
      PLUMB_RETURN_IF_ERROR(observer(chunk.size_bytes));
    }
    return absl::OkStatus();
  };
  absl::Status read = content->lists().ForEachPage(root, hash_page);
  if (absl::IsNotFound(read)) {  // Collected since it was seen present.
    missing->AddList(root);
    return absl::OkStatus();
  }
  PLUMB_RETURN_IF_ERROR(read);
  Digest found = hash.Finish();
  if (readable && found == expected) return absl::OkStatus();
  absl::Status searched = FindDamage(root, content, missing);
  if (absl::IsNotFound(searched)) missing->AddList(root);
  if (!searched.ok() && !absl::IsNotFound(searched)) return searched;
  if (!missing->empty()) return absl::OkStatus();
  return InvalidArgument(fmt::format("file \"{}\": its bytes have SHA-256 {}, the manifest says {}", file.path(),
                                     found.ToHex(), expected.ToHex()));
}

}  // namespace plumb
