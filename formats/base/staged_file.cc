#include "plumb/base/staged_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr unsigned kMode = 0644;
// Write-back of pieces this large begins at once, so that syncing at the end has little left to do.
constexpr size_t kWriteBackBytesMin = 256u << 10;

std::string FolderOf(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

std::string TemporaryName(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return fmt::format("{}.{}.{}.part", path, ::getpid(), counter.fetch_add(1));
}

absl::Status Reserve(int fd, uint64_t size_bytes, const std::string& path) {
  if (size_bytes == 0) return absl::OkStatus();
  const auto size = static_cast<off_t>(size_bytes);
  int result = 0;
  do {
    result = ::fallocate(fd, 0, 0, size);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return absl::OkStatus();
  if (errno != EOPNOTSUPP && errno != ENOSYS) {
    return ErrnoStatus(errno, fmt::format("reserve {} bytes for {}", size_bytes, path));
  }
  if (::ftruncate(fd, size) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("set the size of {} to {}", path, size_bytes));
}

}  // namespace

absl::StatusOr<StagedFile> StagedFile::Create(const std::string& path, uint64_t size_bytes) {
  std::string temporary;
  UniqueFd fd(::open(FolderOf(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
  // Kernels and file systems that do not know the flag see a folder to be written to.
  if (!fd.valid() && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    temporary = TemporaryName(path);
    fd = UniqueFd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode));
  }
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("create {}", path));
  StagedFile file(path, std::move(temporary), std::move(fd));
  PLUMB_RETURN_IF_ERROR(Reserve(file.fd_.get(), size_bytes, path));
  return file;
}

StagedFile::~StagedFile() {
  // The descriptor tells an object that was moved from.
  if (fd_.valid() && !temporary_.empty()) ::unlink(temporary_.c_str());
}

absl::Status StagedFile::Write(std::span<const uint8_t> bytes, uint64_t offset) const {
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd_.get(), bytes, offset, path_));
  if (bytes.size() >= kWriteBackBytesMin) {
    ::sync_file_range(fd_.get(), static_cast<off64_t>(offset), static_cast<off64_t>(bytes.size()),
                      SYNC_FILE_RANGE_WRITE);
  }
  return absl::OkStatus();
}

absl::Status StagedFile::GiveName(bool replace) {
  auto failed = [&] { return ErrnoStatus(errno, fmt::format("give {} its name", path_)); };
  if (temporary_.empty()) {
    const std::string unnamed = fmt::format("/proc/self/fd/{}", fd_.get());
    const std::string name = replace ? TemporaryName(path_) : path_;
    if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) return failed();
    if (!replace) return absl::OkStatus();
    temporary_ = name;
  }
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), replace ? 0 : RENAME_NOREPLACE) != 0) {
    // Some file systems do not know the flag; a second name replaces nothing on any.
    if (replace || errno != EINVAL || ::link(temporary_.c_str(), path_.c_str()) != 0) return failed();
    ::unlink(temporary_.c_str());
  }
  temporary_.clear();
  return absl::OkStatus();
}

absl::Status StagedFile::Publish(bool replace) {
  if (::fsync(fd_.get()) != 0) return ErrnoStatus(errno, fmt::format("sync {}", path_));
  PLUMB_RETURN_IF_ERROR(GiveName(replace));
  PLUMB_RETURN_IF_ERROR(fd_.Close());
  return SyncDirectory(FolderOf(path_));
}

}  // namespace plumb
