// A folder that nothing can be written outside of.
//
// All names are relative paths accepted by ValidateRelativePath. The kernel resolves them
// with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), so that neither `..` nor a symbolic
// link planted in the folder, even while we run, leads out of it. The rule under which links
// are followed after all, for reading what people have on disk, is that of OpenFollowingLinks.
#ifndef PLUMB_BASE_DIRECTORY_H_
#define PLUMB_BASE_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb {

class FolderLinks;

// Folders at the top of a model's folder that are no part of it: what git and a pull keep there.
const std::vector<std::string>& RecordFolders();

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
  // Opens an existing folder of unknown origin to read it. OpenFile, Stat and List then take a symbolic link for the
  // file that it leads to at the end, when that is a regular file
  //   - in the folder itself, but not in one of RecordFolders(), or
  //   - in `<entry>/blobs`, where the folder is, or lies below, `<entry>/snapshots/<revision>`: an entry of a Hugging
  //     Face hub cache, of which `blobs` itself is no link.
  // Every other link is refused as ErrorClass::kPolicy, naming it, where it leads and what to do. What is opened is
  // resolved beneath one of the two folders without links, so that a change meanwhile leads nowhere else.
  static absl::StatusOr<Directory> OpenFollowingLinks(const std::string& path);
  // Opens a folder, making it and its parents when missing.
  static absl::StatusOr<Directory> Create(const std::string& path, unsigned mode = 0755);

  // The path given to Open, for messages.
  const std::string& path() const { return path_; }

  // A regular file for reading. NOT_FOUND; INVALID_ARGUMENT for a link that is not followed, folder or device.
  absl::StatusOr<UniqueFd> OpenFile(std::string_view name) const;
  // A file for reading and writing, made when missing together with its folders.
  absl::StatusOr<UniqueFd> OpenForWriting(std::string_view name, unsigned mode = 0644) const;
  // The folder `name`, made when missing together with its parents.
  absl::Status MakeDirectory(std::string_view name) const;
  // Gives a file another name, replacing what stood there; the target's folders are made.
  absl::Status Rename(std::string_view from, std::string_view to) const;
  // Gives an open file of this folder's file system one more name, of the same file. Replaces nothing: ALREADY_EXISTS;
  // NOT_FOUND when the file has no name left.
  absl::Status Link(int fd, std::string_view name) const;
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
  // path is in `skipped`. A link that is not followed, or a device, is an error that names it.
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::vector<std::string>& skipped) const;

 private:
  Directory(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  // The folder that holds `name`; makes it when `create`.
  absl::StatusOr<UniqueFd> OpenParent(std::string_view name, bool create) const;
  absl::StatusOr<UniqueFd> OpenBeneath(std::string_view name, int flags, unsigned mode) const;

  std::string path_;
  UniqueFd fd_;
  std::shared_ptr<const FolderLinks> links_;  // Null when none is followed.
};

}  // namespace plumb

#endif  // PLUMB_BASE_DIRECTORY_H_
