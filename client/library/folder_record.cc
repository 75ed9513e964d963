#include "client/library/folder_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "client/library/folder_text.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/v1/content.pb.h"

namespace plumb {
namespace {

// Replaces a file of the record. Not synced: a record that a power cut takes is fetched again.
absl::Status WriteRecordFile(const Directory& directory, const std::string& name, std::string_view data) {
  std::string temporary = name + ".new";
  PLUMB_RETURN_IF_ERROR(directory.Remove(temporary));
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory.OpenForWriting(temporary));
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd.get(), AsBytes(data), 0, temporary));
  PLUMB_RETURN_IF_ERROR(fd.Close());
  return directory.Rename(temporary, name);
}

absl::Status BadRecord(const Directory& directory, std::string_view name, std::string_view what) {
  return WithErrorClass(
      DataLoss(fmt::format("{}/{} is damaged: {}; pull the release again", directory.path(), name, what)),
      ErrorClass::kVerification);
}

}  // namespace

std::string ChunkListName(const Digest& tree_root) { return fmt::format(".plumb/chunks/{}", tree_root.ToHex()); }
std::string PartialName(const Digest& tree_root) { return fmt::format("{}/{}", kPartialFolder, tree_root.ToHex()); }

absl::Status WriteRecord(const Directory& directory, const StoredManifest& manifest,
                         const std::vector<std::string>& selected) {
  nlohmann::json release = {{"model", manifest.manifest.model()},
                            {"version", manifest.manifest.version()},
                            {"digest", manifest.digest.ToString()},
                            {"selected", selected}};
  PLUMB_RETURN_IF_ERROR(WriteRecordFile(directory, kManifestName, manifest.bytes));
  return WriteRecordFile(directory, kReleaseName,
                         release.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

absl::Status SaveChunkList(const Directory& directory, const ChunkList& list) {
  v1::GetChunkListResponse record;
  for (const ChunkRef& chunk : list.chunks()) {
    v1::Chunk* entry = record.add_chunks();
    entry->set_digest(chunk.digest.ToBytes());
    entry->set_size_bytes(chunk.size_bytes);
  }
  record.set_chunk_count(list.size());
  return WriteRecordFile(directory, ChunkListName(list.TreeRoot()), record.SerializeAsString());
}

absl::StatusOr<ChunkList> LoadChunkList(const Directory& directory, const v1::File& file) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  std::string name = ChunkListName(root);
  // An entry takes at most 48 bytes: digest, size and tags.
  uint64_t bytes_max = 64 + 48 * file.chunk_count();
  PLUMB_ASSIGN_OR_RETURN(std::string bytes, ReadText(directory, name, bytes_max));
  v1::GetChunkListResponse record;
  if (!record.ParseFromString(bytes)) return BadRecord(directory, name, "not a chunk list");
  ChunkList list;
  for (const v1::Chunk& chunk : record.chunks()) {
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(chunk.digest()));
    if (!list.Append({digest, chunk.size_bytes()}).ok()) return BadRecord(directory, name, "an impossible chunk");
  }
  if (list.TreeRoot() != root || list.file_bytes() != file.size_bytes()) {
    return BadRecord(directory, name, "not the chunk list that the manifest names");
  }
  return list;
}

absl::StatusOr<UniqueFd> LockFolder(const Directory& directory) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory.OpenForWriting(kLockName));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, fmt::format("lock {}/{}", directory.path(), kLockName));
    return WithErrorClass(
        FailedPrecondition(fmt::format("another pull is working in {}; wait for it to end", directory.path())),
        ErrorClass::kLocalStorage);
  }
  return fd;
}

}  // namespace plumb
