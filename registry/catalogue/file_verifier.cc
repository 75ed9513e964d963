#include "registry/catalogue/file_verifier.h"

#include <optional>
#include <span>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

// So many chunks are looked up at once: neighbours in the index then cost one read.
constexpr size_t kLookUpChunks = 16 * ChunkLists::kChunksPerPage;

// Adds those of the chunks that are not there.
absl::Status CheckChunks(std::span<const ChunkRef> chunks, Content* content, MissingContent* missing) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<bool> there, content->HaveChunksGated(chunks));
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (!there[i]) missing->AddChunk(chunks[i].digest);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPresence(const v1::File& file, Content* content, MissingContent* missing) {
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
  std::vector<ChunkRef> waiting;
  auto check_waiting = [&]() -> absl::Status {
    if (missing->full()) return absl::OkStatus();
    absl::Status checked = CheckChunks(waiting, content, missing);
    waiting.clear();
    return checked.ok() ? checked : Annotate(checked, fmt::format("file \"{}\"", file.path()));
  };
  PLUMB_RETURN_IF_ERROR(content->lists().ForEachPage(root, [&](uint64_t, std::span<const ChunkRef> chunks) {
    waiting.insert(waiting.end(), chunks.begin(), chunks.end());
    return waiting.size() < kLookUpChunks ? absl::OkStatus() : check_waiting();
  }));
  return check_waiting();
}

absl::StatusOr<Digest> HashFile(const Digest& tree_root, const Content& content, const BytesObserver& observer) {
  Sha256 hash;
  std::vector<uint8_t> buffer;
  auto hash_page = [&](uint64_t, std::span<const ChunkRef> chunks) -> absl::Status {
    for (const ChunkRef& chunk : chunks) {
      buffer.resize(chunk.size_bytes);
      PLUMB_RETURN_IF_ERROR(content.chunks().Read(chunk.digest, buffer));
      hash.Update(buffer);
      PLUMB_RETURN_IF_ERROR(observer(chunk.size_bytes));
    }
    return absl::OkStatus();
  };
  PLUMB_RETURN_IF_ERROR(content.lists().ForEachPage(tree_root, hash_page));
  return hash.Finish();
}

}  // namespace plumb
