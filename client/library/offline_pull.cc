#include "client/library/offline_pull.h"

#include <algorithm>
#include <string>

#include "client/library/puller.h"
#include "fmt/format.h"
#include "plumb/base/human_bytes.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Files named in one message.
constexpr size_t kNamedFilesMax = 10;

bool IsHere(const absl::StatusOr<Directory>& folder, const Cache* cache, const EqualFiles& files) {
  absl::StatusOr<Digest> root = Digest::FromBytes(files.front()->tree_root());
  if (cache != nullptr && root.ok() && cache->Has(*root)) return true;
  return folder.ok() && std::any_of(files.begin(), files.end(), [&](const v1::File* file) {
           absl::StatusOr<FileInfo> info = folder->Stat(file->path());
           return info.ok() && info->size_bytes == file->size_bytes();
         });
}

}  // namespace

absl::Status CheckAllIsHere(const PullOptions& options, const PullTarget& target) {
  const v1::Manifest& manifest = target.stored.manifest;
  const absl::StatusOr<Directory> folder = Directory::Open(options.folder);
  std::string names;
  size_t lacking = 0;
  uint64_t bytes = 0;
  for (const EqualFiles& files : GroupEqualFiles(manifest, target.paths)) {
    if (IsHere(folder, options.cache, files)) continue;
    bytes += files.front()->size_bytes();
    for (const v1::File* file : files) {
      if (++lacking <= kNamedFilesMax) names += (lacking == 1 ? "" : ", ") + file->path();
    }
  }
  if (lacking == 0) return absl::OkStatus();
  if (lacking > kNamedFilesMax) names += fmt::format(", and {} more", lacking - kNamedFilesMax);
  return NotFound(fmt::format(
      "{} of the {} files of {}@{} ({}) are neither in {} nor in the cache, and nothing is "
      "fetched offline: {}",
      lacking, target.paths.size(), manifest.model(), manifest.version(), HumanBytes(bytes), options.folder, names));
}

}  // namespace plumb
