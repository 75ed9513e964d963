#include "plumb/base/local_path.h"

#include <filesystem>
#include <system_error>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<LocalPath> FileAt(const fs::path& path) {
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::OpenFollowingLinks(folder));
  return LocalPath{std::move(directory), path.filename().string()};
}

}  // namespace

absl::StatusOr<LocalPath> OpenLocalPath(const std::string& path) {
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) {
    return NotFound(fmt::format("no such file or directory: {}", path));
  }
  if (failed) return ErrnoStatus(failed.value(), fmt::format("open {}", path));
  if (fs::is_directory(real, failed)) {
    PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::OpenFollowingLinks(path));
    return LocalPath{std::move(directory), ""};
  }
  PLUMB_ASSIGN_OR_RETURN(LocalPath named, FileAt(path));
  if (!fs::is_symlink(path, failed) || named.folder.OpenFile(named.file).ok()) return named;
  return FileAt(real);
}

}  // namespace plumb
