#include "formats/base/folder_lister.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "formats/base/folder_links.h"
#include "plumb/base/ignore_rules.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// Adds what is below a folder.
class Lister {
 public:
  Lister(const Directory& directory, const LeavesOut& leaves_out, bool follows_links)
      : directory_(directory), leaves_out_(leaves_out), follows_links_(follows_links) {}

  // `fd` is open for the folder whose relative path is `prefix` (with its slash).
  absl::Status Add(UniqueFd fd, const std::string& prefix) {
    int copy = ::dup(fd.get());
    std::unique_ptr<DIR, CloseDir> dir(copy < 0 ? nullptr : ::fdopendir(copy));
    if (dir == nullptr) return ErrnoStatus(errno, fmt::format("list folder {}", Shown(prefix)));
    while (true) {
      errno = 0;
      dirent* item = ::readdir(dir.get());
      if (item == nullptr)
        return errno == 0 ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("list {}", Shown(prefix)));
      std::string name = item->d_name;
      if (name == "." || name == "..") continue;
      PLUMB_RETURN_IF_ERROR(AddItem(fd.get(), name, prefix + name));
    }
  }

  std::vector<DirectoryEntry> TakeEntries() { return std::move(entries_); }

 private:
  absl::Status AddItem(int folder, const std::string& name, const std::string& path) {
    struct stat info {};
    if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("look at {}", Shown(path)));
    }
    if (leaves_out_(path, S_ISDIR(info.st_mode))) return absl::OkStatus();
    if (S_ISDIR(info.st_mode)) {
      UniqueFd inner(OpenBeneathFolder(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
      if (!inner.valid()) return ErrnoStatus(errno, fmt::format("open folder {}", Shown(path)));
      return Add(std::move(inner), path + "/");
    }
    if (S_ISLNK(info.st_mode) && follows_links_) {
      PLUMB_ASSIGN_OR_RETURN(FileInfo target, directory_.Stat(path));
      entries_.push_back({path, target.size_bytes});
      return absl::OkStatus();
    }
    if (!S_ISREG(info.st_mode)) {
      return WithErrorClass(
          InvalidArgument(fmt::format("{} is neither a file nor a folder ({})", Shown(path),
                                      follows_links_ ? "devices, pipes and sockets are not read: leave it out"
                                                     : "links and devices are not followed")),
          ErrorClass::kPolicy);
    }
    entries_.push_back({path, static_cast<uint64_t>(info.st_size)});
    return absl::OkStatus();
  }

  std::string Shown(const std::string& path) const { return fmt::format("{}/{}", directory_.path(), path); }

  const Directory& directory_;
  const LeavesOut& leaves_out_;
  const bool follows_links_;
  std::vector<DirectoryEntry> entries_;
};

}  // namespace

absl::StatusOr<std::vector<DirectoryEntry>> ListBelow(const Directory& directory, UniqueFd fd, bool follows_links,
                                                      const LeavesOut& leaves_out) {
  Lister lister(directory, leaves_out, follows_links);
  PLUMB_RETURN_IF_ERROR(lister.Add(std::move(fd), ""));
  std::vector<DirectoryEntry> entries = lister.TakeEntries();
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return entries;
}

absl::StatusOr<std::vector<DirectoryEntry>> ListFolder(const Directory& directory, const LeavesOut& leaves_out) {
  // By its path: names are all that is taken from it, and each is resolved by `directory` again.
  UniqueFd fd(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open folder {}", directory.path()));
  return ListBelow(directory, std::move(fd), /*follows_links=*/true, leaves_out);
}

absl::StatusOr<std::vector<DirectoryEntry>> ListModelFolder(const Directory& directory) {
  return ListFolder(
      directory, [](const std::string& path, bool is_folder) { return LeftOutByDefault().LeavesOut(path, is_folder); });
}

}  // namespace plumb
