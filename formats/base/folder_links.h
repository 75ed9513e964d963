// The one place that says which symbolic links of a folder are followed.
#ifndef PLUMB_FORMATS_BASE_FOLDER_LINKS_H_
#define PLUMB_FORMATS_BASE_FOLDER_LINKS_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb {

// Opens `name` with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS); -1 and errno on failure.
int OpenBeneathFolder(int folder, std::string_view name, int flags, unsigned mode);

// The rule of Directory::OpenFollowingLinks, for one folder. Thread-safe.
class FolderLinks {
 public:
  // `path`: the folder as the user named it.
  static absl::StatusOr<std::shared_ptr<const FolderLinks>> Of(const std::string& path);

  // Whether a link is on the way to `name`, which ValidateRelativePath accepts. `folder`: the folder, open.
  static bool IsOnTheWay(int folder, std::string_view name);
  // The file that the link `name` leads to; it may still be no regular file. ErrorClass::kPolicy when the rule refuses
  // it; the message begins with `name`.
  absl::StatusOr<UniqueFd> Open(int folder, std::string_view name) const;

 private:
  FolderLinks(std::string path, std::string blobs_path, UniqueFd blobs)
      : path_(std::move(path)), blobs_path_(std::move(blobs_path)), blobs_(std::move(blobs)) {}

  const std::string path_;  // Absolute, without links.
  const std::string blobs_path_;
  const UniqueFd blobs_;  // The hub cache entry's content; invalid when the folder is in none.
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_BASE_FOLDER_LINKS_H_
