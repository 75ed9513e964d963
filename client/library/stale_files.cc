#include "client/library/stale_files.h"

#include <algorithm>
#include <filesystem>

#include "client/library/chunk_check.h"
#include "client/library/folder_record.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

bool IsAsPulled(const Directory& folder, const v1::File& file, int fd) {
  absl::StatusOr<uint64_t> size = FileSize(fd, file.path());
  absl::StatusOr<ChunkList> list = LoadChunkList(folder, file);
  if (!size.ok() || !list.ok() || *size != file.size_bytes()) return false;
  absl::StatusOr<std::vector<bool>> good = CheckChunks(fd, *list, file.path());
  return good.ok() && std::find(good->begin(), good->end(), false) == good->end();
}

// Removes the folders that held `path`, from the inside, as long as they are empty.
void RemoveEmptyFolders(const Directory& folder, std::string path) {
  for (size_t slash = path.rfind('/'); slash != path.npos; slash = path.rfind('/')) {
    path.resize(slash);
    const fs::path full = fs::path(folder.path()) / path;
    std::error_code error;
    // Never by a link, which may lead elsewhere.
    if (!fs::is_directory(fs::symlink_status(full, error)) || !fs::is_empty(full, error)) return;
    if (!fs::remove(full, error)) return;
  }
}

}  // namespace

absl::StatusOr<StaleFiles> RemoveStaleFiles(const Directory& folder, const std::vector<v1::File>& files) {
  StaleFiles stale;
  for (const v1::File& file : files) {
    absl::StatusOr<UniqueFd> fd = folder.OpenFile(file.path());
    if (absl::IsNotFound(fd.status())) continue;
    if (!fd.ok() || !IsAsPulled(folder, file, fd->get())) {
      stale.kept.push_back(file.path());
      continue;
    }
    PLUMB_RETURN_IF_ERROR(folder.Remove(file.path()));
    RemoveEmptyFolders(folder, file.path());
    stale.removed.push_back(file.path());
  }
  return stale;
}

}  // namespace plumb
