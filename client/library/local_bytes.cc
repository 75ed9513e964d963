#include "client/library/local_bytes.h"

#include <algorithm>
#include <utility>

#include "client/library/chunk_check.h"
#include "client/library/folder_record.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

bool AllGood(const std::vector<bool>& good) { return std::find(good.begin(), good.end(), false) == good.end(); }

// Which chunks the file has, and whether it is exactly those.
struct Checked {
  bool whole = false;
  std::vector<bool> good;
};

absl::StatusOr<Checked> Check(int fd, const ChunkList& list, const std::string& name) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd, name));
  PLUMB_ASSIGN_OR_RETURN(std::vector<bool> good, CheckChunks(fd, list, name));
  return Checked{size == list.file_bytes() && AllGood(good), std::move(good)};
}

absl::Status LookInFolder(const Directory& directory, const EqualFiles& files, const ChunkList& list,
                          LocalBytes* found) {
  for (const v1::File* file : files) {
    absl::StatusOr<UniqueFd> fd = directory.OpenFile(file->path());
    // Anything but a readable regular file counts as nothing; what replaces it says why it cannot.
    Checked checked;
    if (fd.ok()) {
      PLUMB_ASSIGN_OR_RETURN(checked, Check(fd->get(), list, file->path()));
    }
    if (checked.whole) {
      found->whole.push_back(file);
      if (!found->source.valid()) found->source = *std::move(fd);
    } else {
      found->wanting.push_back(file);
      if (fd.ok()) found->damaged.push_back({file->path(), std::move(checked.good)});
    }
  }
  return absl::OkStatus();
}

absl::Status LookInCache(const Cache& cache, const Digest& root, const ChunkList& list, LocalBytes* found) {
  absl::StatusOr<UniqueFd> cached = cache.Find(root);
  if (!cached.ok()) return absl::OkStatus();
  absl::StatusOr<Checked> checked = Check(cached->get(), list, "a file of the cache");
  if (checked.ok() && checked->whole) {
    found->source = *std::move(cached);
  } else {
    cache.Remove(root).IgnoreError();
  }
  return absl::OkStatus();
}

}  // namespace

bool LocalBytes::Has(size_t index) const {
  if (source.valid() || (index < in_partial.size() && in_partial[index])) return true;
  return std::any_of(damaged.begin(), damaged.end(), [index](const Damaged& file) { return file.good[index]; });
}

absl::StatusOr<LocalBytes> FindLocalBytes(const Directory* directory, const Cache* cache, const EqualFiles& files,
                                          const ChunkList& list) {
  LocalBytes found;
  if (directory == nullptr) {
    found.wanting = files;
  } else {
    PLUMB_RETURN_IF_ERROR(LookInFolder(*directory, files, list, &found));
  }
  const Digest root = list.TreeRoot();
  if (!found.source.valid() && cache != nullptr) PLUMB_RETURN_IF_ERROR(LookInCache(*cache, root, list, &found));
  if (found.source.valid()) return found;
  found.in_partial.assign(list.size(), false);
  if (directory == nullptr) return found;
  const std::string name = PartialName(root);
  absl::StatusOr<UniqueFd> partial = directory->OpenFile(name);
  if (partial.ok()) {
    PLUMB_ASSIGN_OR_RETURN(found.in_partial, CheckChunks(partial->get(), list, name));
  }
  return found;
}

}  // namespace plumb
