// A folder that nothing can be written outside of.
//
// All names are relative paths accepted by ValidateRelativePath. The kernel resolves them
// with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), so that neither `..` nor a symbolic
// link planted in the folder, even while we run, leads out of it.
#ifndef PLUMB_BASE_DIRECTORY_H_
#define PLUMB_BASE_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb {

// One regular file found by Directory::List.
struct DirectoryEntry {
  std::string path;  // Relative, `/` between parts.
  uint64_t size_bytes = 0;
};

// What Directory::Stat tells.
struct FileInfo {
  uint64_t size_bytes = 0;
  uint64_t links = 0;  // Names the file has.
  int64_t mtime_ns = 0;
};

// Thread-safe: every call resolves names anew from the folder's own descriptor.
class Directory {
 public:
  // Opens an existing folder. NOT_FOUND when there is none.
  static absl::StatusOr<Directory> Open(const std::string& path);
  // Opens a folder, making it and its parents when missing.
  static absl::StatusOr<Directory> Create(const std::string& path, unsigned mode = 0755);

  // The path given to Open, for messages.
  const std::string& path() const { return path_; }

  // A regular file for reading. NOT_FOUND; INVALID_ARGUMENT for a link, folder or device.
  absl::StatusOr<UniqueFd> OpenFile(std::string_view name) const;
  // A file for reading and writing, made when missing together with its folders.
  absl::StatusOr<UniqueFd> OpenForWriting(std::string_view name, unsigned mode = 0644) const;
  // The folder `name`, made when missing together with its parents.
  absl::Status MakeDirectory(std::string_view name) const;
  // Gives a file another name, replacing what stood there; the target's folders are made.
  absl::Status Rename(std::string_view from, std::string_view to) const;
  // Adds a second name for an open file: reflink where the file system can, else hard link
  // when `allow_hard_link`, else a copy. Replaces nothing: ALREADY_EXISTS.
  enum class ShareMethod { kReflink, kHardLink, kCopy };
  absl::StatusOr<ShareMethod> ShareFile(int fd, std::string_view name, bool allow_hard_link,
                                        unsigned mode = 0644) const;
  // Removes a file; OK when there is none.
  absl::Status Remove(std::string_view name) const;
  absl::StatusOr<FileInfo> Stat(std::string_view name) const;
  // Makes the file's name durable.
  absl::Status SyncParent(std::string_view name) const;
  // Every regular file below the folder, sorted by path, entering no folder whose relative
  // path is in `skipped`. A link or device is an error that names it.
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::vector<std::string>& skipped) const;

 private:
  Directory(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  // The folder that holds `name`; makes it when `create`.
  absl::StatusOr<UniqueFd> OpenParent(std::string_view name, bool create) const;
  absl::StatusOr<UniqueFd> OpenBeneath(std::string_view name, int flags, unsigned mode) const;

  std::string path_;
  UniqueFd fd_;
};

}  // namespace plumb

#endif  // PLUMB_BASE_DIRECTORY_H_
