#include "plumb/base/directory.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "fmt/format.h"
#include "formats/base/folder_links.h"
#include "formats/base/folder_lister.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

std::string_view BaseName(std::string_view name) {
  size_t slash = name.rfind('/');
  return slash == name.npos ? name : name.substr(slash + 1);
}

// Copies all bytes of `from` to `to`, in the kernel where it can.
absl::Status CopyBytes(int from, int to, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(from, name));
  loff_t in = 0;
  loff_t out = 0;
  while (static_cast<uint64_t>(in) < size) {
    ssize_t copied = ::copy_file_range(from, &in, to, &out, size - static_cast<uint64_t>(in), 0);
    if (copied > 0) continue;
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) {
      return ErrnoStatus(errno, fmt::format("copy to {}", name));
    }
    break;
  }
  std::vector<uint8_t> buffer(1 << 20);
  for (auto offset = static_cast<uint64_t>(in); offset < size;) {
    size_t count = std::min<uint64_t>(buffer.size(), size - offset);
    PLUMB_RETURN_IF_ERROR(PreadExactly(from, {buffer.data(), count}, offset, name));
    PLUMB_RETURN_IF_ERROR(PwriteAll(to, {buffer.data(), count}, offset, name));
    offset += count;
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<std::string>& RecordFolders() {
  static const auto* const kFolders = new std::vector<std::string>{".git", ".plumb"};
  return *kFolders;
}

absl::StatusOr<Directory> Directory::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open folder {}", path));
  return Directory(path, std::move(fd));
}

absl::StatusOr<Directory> Directory::OpenFollowingLinks(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Open(path));
  PLUMB_ASSIGN_OR_RETURN(directory.links_, FolderLinks::Of(path));
  return directory;
}

absl::StatusOr<Directory> Directory::Create(const std::string& path, unsigned mode) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path, mode));
  return Open(path);
}

absl::StatusOr<UniqueFd> Directory::OpenBeneath(std::string_view name, int flags, unsigned mode) const {
  PLUMB_RETURN_IF_ERROR(ValidateRelativePath(name));
  UniqueFd fd(OpenBeneathFolder(fd_.get(), name, flags | O_CLOEXEC, mode));
  if (!fd.valid()) {
    std::string what = fmt::format("open {}/{}", path_, name);
    if (errno == ELOOP || errno == EXDEV) return InvalidArgument(what + ": a symbolic link is in the way");
    return ErrnoStatus(errno, what);
  }
  return fd;
}

absl::StatusOr<UniqueFd> Directory::OpenFile(std::string_view name) const {
  absl::StatusOr<UniqueFd> opened = OpenBeneath(name, O_RDONLY | O_NONBLOCK, 0);
  if (!opened.ok() && links_ != nullptr && ValidateRelativePath(name).ok() &&
      FolderLinks::IsOnTheWay(fd_.get(), name)) {
    opened = links_->Open(fd_.get(), name);
    if (!opened.ok()) return Annotate(opened.status(), path_);
  }
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, std::move(opened));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, fmt::format("look at {}/{}", path_, name));
  if (!S_ISREG(info.st_mode)) return InvalidArgument(fmt::format("{}/{} is not a regular file", path_, name));
  return fd;
}

absl::StatusOr<UniqueFd> Directory::OpenParent(std::string_view name, bool create) const {
  PLUMB_RETURN_IF_ERROR(ValidateRelativePath(name));
  size_t slash = name.rfind('/');
  if (slash == name.npos) {
    UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open folder {}", path_));
    return fd;
  }
  if (create) PLUMB_RETURN_IF_ERROR(MakeDirectory(name.substr(0, slash)));
  return OpenBeneath(name.substr(0, slash), O_RDONLY | O_DIRECTORY, 0);
}

absl::StatusOr<UniqueFd> Directory::OpenForWriting(std::string_view name, unsigned mode) const {
  PLUMB_RETURN_IF_ERROR(OpenParent(name, true).status());
  return OpenBeneath(name, O_RDWR | O_CREAT, mode);
}

absl::Status Directory::MakeDirectory(std::string_view name) const {
  PLUMB_RETURN_IF_ERROR(ValidateRelativePath(name));
  if (OpenBeneath(name, O_RDONLY | O_DIRECTORY, 0).ok()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(UniqueFd parent, OpenParent(name, true));
  if (::mkdirat(parent.get(), std::string(BaseName(name)).c_str(), 0755) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, fmt::format("make folder {}/{}", path_, name));
  }
  return OpenBeneath(name, O_RDONLY | O_DIRECTORY, 0).status();
}

absl::Status Directory::Rename(std::string_view from, std::string_view to) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd source, OpenParent(from, false));
  PLUMB_ASSIGN_OR_RETURN(UniqueFd target, OpenParent(to, true));
  if (::renameat(source.get(), std::string(BaseName(from)).c_str(), target.get(), std::string(BaseName(to)).c_str()) !=
      0) {
    return ErrnoStatus(errno, fmt::format("rename {} to {} in {}", from, to, path_));
  }
  return absl::OkStatus();
}

absl::Status Directory::Link(int fd, std::string_view name) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd parent, OpenParent(name, true));
  const std::string self = fmt::format("/proc/self/fd/{}", fd);
  if (::linkat(AT_FDCWD, self.c_str(), parent.get(), std::string(BaseName(name)).c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return ErrnoStatus(errno, fmt::format("link {}/{}", path_, name));
  }
  return absl::OkStatus();
}

absl::StatusOr<Directory::ShareMethod> Directory::ShareFile(int fd, std::string_view name, bool allow_hard_link,
                                                            unsigned mode) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd parent, OpenParent(name, true));
  std::string base(BaseName(name));
  std::string what = fmt::format("share {}/{}", path_, name);
  UniqueFd made(::openat(parent.get(), base.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!made.valid()) return ErrnoStatus(errno, what);
  if (::ioctl(made.get(), FICLONE, fd) == 0) return ShareMethod::kReflink;
  if (allow_hard_link) {
    ::unlinkat(parent.get(), base.c_str(), 0);
    std::string self = fmt::format("/proc/self/fd/{}", fd);
    if (::linkat(AT_FDCWD, self.c_str(), parent.get(), base.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return ShareMethod::kHardLink;
    made = UniqueFd(::openat(parent.get(), base.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!made.valid()) return ErrnoStatus(errno, what);
  }
  absl::Status status = CopyBytes(fd, made.get(), what);
  if (!status.ok()) {
    ::unlinkat(parent.get(), base.c_str(), 0);
    return status;
  }
  return ShareMethod::kCopy;
}

absl::Status Directory::Remove(std::string_view name) const {
  absl::StatusOr<UniqueFd> parent = OpenParent(name, false);
  if (absl::IsNotFound(parent.status())) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(parent.status());
  if (::unlinkat(parent->get(), std::string(BaseName(name)).c_str(), 0) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, fmt::format("remove {}/{}", path_, name));
  }
  return absl::OkStatus();
}

absl::StatusOr<FileInfo> Directory::Stat(std::string_view name) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(name));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, fmt::format("look at {}/{}", path_, name));
  return FileInfo{.size_bytes = static_cast<uint64_t>(info.st_size),
                  .links = static_cast<uint64_t>(info.st_nlink),
                  .mtime_ns = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

absl::Status Directory::SyncParent(std::string_view name) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd parent, OpenParent(name, false));
  if (::fsync(parent.get()) != 0 && errno != EINVAL) return ErrnoStatus(errno, fmt::format("sync {}/{}", path_, name));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DirectoryEntry>> Directory::List(const std::vector<std::string>& skipped) const {
  UniqueFd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open folder {}", path_));
  return ListBelow(*this, std::move(fd), links_ != nullptr, [&skipped](const std::string& path, bool) {
    return std::find(skipped.begin(), skipped.end(), path) != skipped.end();
  });
}

}  // namespace plumb
