#include "formats/base/folder_links.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/directory.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

// The shortest part of `name` that is a link; empty when there is none.
std::string FirstLink(int folder, std::string_view name) {
  for (size_t end = 0; end < name.size(); ++end) {
    end = std::min(name.find('/', end), name.size());
    std::string part(name.substr(0, end));
    struct stat info {};
    if (::fstatat(folder, part.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return "";
    if (S_ISLNK(info.st_mode)) return part;
  }
  return "";
}

// What of `path` is below the folder `root`; nothing when it is not.
std::optional<std::string> Below(const std::string& path, const std::string& root) {
  const std::string prefix = root.ends_with('/') ? root : root + "/";
  if (!path.starts_with(prefix) || path.size() == prefix.size()) return std::nullopt;
  return path.substr(prefix.size());
}

bool IsRecord(std::string_view name) {
  return std::any_of(RecordFolders().begin(), RecordFolders().end(),
                     [&](const std::string& folder) { return name.substr(0, name.find('/')) == folder; });
}

// `where` goes on after the link's own words; `help` is what to do.
absl::Status Refused(const std::string& link, const fs::path& text, std::string_view where, std::string_view help) {
  return WithErrorClass(
      InvalidArgument(fmt::format("{} is a symbolic link to {}, {}; {}", link, text.string(), where, help)),
      ErrorClass::kPolicy);
}

}  // namespace

int OpenBeneathFolder(int folder, std::string_view name, int flags, unsigned mode) {
  struct open_how how {};
  how.flags = static_cast<uint64_t>(flags);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const std::string terminated(name);
  long fd = 0;
  do {
    fd = ::syscall(SYS_openat2, folder, terminated.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  return static_cast<int>(fd);
}

absl::StatusOr<std::shared_ptr<const FolderLinks>> FolderLinks::Of(const std::string& path) {
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  if (failed) return ErrnoStatus(failed.value(), fmt::format("open folder {}", path));
  fs::path blobs;
  UniqueFd blobs_fd;
  for (fs::path revision = real; revision.has_relative_path() && !blobs_fd.valid(); revision = revision.parent_path()) {
    if (revision.parent_path().filename() != "snapshots") continue;
    blobs = revision.parent_path().parent_path() / "blobs";
    blobs_fd = UniqueFd(::open(blobs.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  return std::shared_ptr<const FolderLinks>(new FolderLinks(real.string(), blobs.string(), std::move(blobs_fd)));
}

bool FolderLinks::IsOnTheWay(int folder, std::string_view name) { return !FirstLink(folder, name).empty(); }

absl::StatusOr<UniqueFd> FolderLinks::Open(int folder, std::string_view name) const {
  const std::string link = FirstLink(folder, name);
  const fs::path place = fs::path(path_) / link;
  std::error_code failed;
  const fs::path text = fs::read_symlink(place, failed);
  const fs::path target = fs::canonical(place, failed);
  if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) {
    return Refused(link, text, "and nothing is there", "fetch the file again, or remove the link");
  }
  if (failed) {
    return Refused(link, text, fmt::format("which cannot be followed ({})", failed.message()), "remove the link");
  }
  if (fs::is_directory(target, failed)) {
    return Refused(link, text, "a folder, and links are followed to files only",
                   "if it belongs to the model, put a copy in its place (cp -rL), else remove the link");
  }
  std::optional<std::string> inner = Below(target.string(), path_);
  const std::optional<std::string> blob = blobs_.valid() && !inner ? Below(target.string(), blobs_path_) : std::nullopt;
  if (!inner && !blob) {
    return Refused(
        link, text,
        text == target ? "outside the folder" : fmt::format("that is {}, outside the folder", target.string()),
        "if the file belongs to the model, put a copy in the link's place (cp -L), else remove the link");
  }
  if (inner && IsRecord(*inner)) {
    return Refused(link, text, "which is not the model's but git's or plumb's own",
                   "if it belongs to the model, put a copy in the link's place (cp -L), else remove the link");
  }
  UniqueFd fd(
      OpenBeneathFolder(inner ? folder : blobs_.get(), inner ? *inner : *blob, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open {}, a symbolic link to {}", link, text.string()));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, fmt::format("look at {}", link));
  if (!S_ISREG(info.st_mode)) return Refused(link, text, "which is no regular file", "remove the link");
  return fd;
}

}  // namespace plumb
