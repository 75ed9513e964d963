#include "client/library/folder_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "client/library/folder_history.h"
#include "client/library/record_file.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

std::string ChunkListName(const Digest& tree_root) { return fmt::format(".plumb/chunks/{}", tree_root.ToHex()); }
std::string PartialName(const Digest& tree_root) { return fmt::format("{}/{}", kPartialFolder, tree_root.ToHex()); }

std::string TemporaryName(const Digest& tree_root) {
  return fmt::format("{}.{}", PartialName(tree_root), RandomSuffix());
}

absl::Status WriteRecord(const Directory& directory, const StoredManifest& manifest,
                         const std::vector<std::string>& selected, const FolderHistory& history) {
  nlohmann::json release = {{"model", manifest.manifest.model()},
                            {"version", manifest.manifest.version()},
                            {"digest", manifest.digest.ToString()},
                            {"selected", selected}};
  RenderHistory(history, &release);
  PLUMB_RETURN_IF_ERROR(ReplaceFile(directory, kManifestName, manifest.bytes));
  return ReplaceFile(directory, kReleaseName, release.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

absl::Status SaveChunkList(const Directory& directory, const ChunkList& list) {
  return WriteChunkList(directory, ChunkListName(list.TreeRoot()), list);
}

absl::StatusOr<ChunkList> LoadChunkList(const Directory& directory, const v1::File& file) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  return ReadChunkList(directory, ChunkListName(root), file);
}

void RemoveLeftovers(const Directory& directory, const v1::Manifest& manifest) {
  std::set<std::string> wanted;
  for (const v1::File& file : manifest.files()) {
    absl::StatusOr<Digest> root = Digest::FromBytes(file.tree_root());
    if (root.ok()) wanted.insert(root->ToHex());
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() + "/" + kPartialFolder, error)) {
    const std::string name = entry.path().filename().string();
    if (!wanted.contains(name)) directory.Remove(fmt::format("{}/{}", kPartialFolder, name)).IgnoreError();
  }
}

absl::StatusOr<UniqueFd> LockFolder(const Directory& directory) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory.OpenForWriting(kLockName));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    // Some network file systems, and containers on them.
    if (errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK || errno == EINVAL) {
      return absl::UnimplementedError(fmt::format("{} cannot be locked: {}", directory.path(), std::strerror(errno)));
    }
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, fmt::format("lock {}/{}", directory.path(), kLockName));
    return WithErrorClass(
        absl::AbortedError(fmt::format("another pull is working in {}; wait for it to end", directory.path())),
        ErrorClass::kLocalStorage);
  }
  return fd;
}

}  // namespace plumb
