#include "plumb/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status UniqueFd::Close() {
  int fd = std::exchange(fd_, -1);
  if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return ErrnoStatus(errno, "close file");
  return absl::OkStatus();
}

absl::StatusOr<MappedFile> MappedFile::FromFd(int fd, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd, name));
  if (size == 0) return MappedFile(std::span<const uint8_t>());
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return ErrnoStatus(errno, fmt::format("map {}", name));
  return MappedFile(std::span<const uint8_t>(static_cast<const uint8_t*>(address), size));
}

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  return FromFd(fd.get(), path);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    if (!bytes_.empty()) ::munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

void MappedFile::Release(uint64_t begin, uint64_t end) const {
  static const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  begin = (begin + page - 1) / page * page;
  end = std::min<uint64_t>(end, bytes_.size()) / page * page;
  if (begin < end) ::madvise(const_cast<uint8_t*>(bytes_.data()) + begin, end - begin, MADV_DONTNEED);
}

absl::Status PreadExactly(int fd, std::span<uint8_t> out, uint64_t offset, std::string_view name) {
  while (!out.empty()) {
    ssize_t got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, fmt::format("read {}", name));
    if (got == 0) return OutOfRange(fmt::format("{} ends at byte {}, {} more expected", name, offset, out.size()));
    out = out.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

absl::Status PwriteAll(int fd, std::span<const uint8_t> data, uint64_t offset, std::string_view name) {
  while (!data.empty()) {
    ssize_t put = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return ErrnoStatus(errno, fmt::format("write {}", name));
    data = data.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FileSize(int fd, std::string_view name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoStatus(errno, fmt::format("look at {}", name));
  return static_cast<uint64_t>(info.st_size);
}

absl::StatusOr<UniqueFd> OpenForReading(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not hang before its type is known.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open {}", path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, fmt::format("look at {}", path));
  if (!S_ISREG(info.st_mode)) return InvalidArgument(fmt::format("{} is not a regular file", path));
  return fd;
}

absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t bytes_max) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  if (size > bytes_max) return OutOfRange(fmt::format("{} is {} bytes, at most {} are read", path, size, bytes_max));
  std::string text(size, '\0');
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), {reinterpret_cast<uint8_t*>(text.data()), text.size()}, 0, path));
  return text;
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view data, unsigned mode) {
  static std::atomic<uint64_t> counter{0};
  std::string temporary = fmt::format("{}.{}.{}.tmp", path, ::getpid(), counter.fetch_add(1));
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("create {}", temporary));
  absl::Status status = PwriteAll(fd.get(), AsBytes(data), 0, temporary);
  if (status.ok() && ::fsync(fd.get()) != 0) status = ErrnoStatus(errno, fmt::format("sync {}", temporary));
  if (status.ok()) status = fd.Close();
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, fmt::format("rename {} to {}", temporary, path));
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  std::string parent = std::filesystem::path(path).parent_path().string();
  return SyncDirectory(parent.empty() ? "." : parent);
}

absl::Status MakeDirectories(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0) return absl::OkStatus();
  int error = errno;
  std::error_code ignored;
  if (error == EEXIST && std::filesystem::is_directory(path, ignored)) return absl::OkStatus();
  if (error != ENOENT) return ErrnoStatus(error, fmt::format("make folder {}", path));
  std::string parent = std::filesystem::path(path).parent_path().string();
  if (parent.empty() || parent == path) return ErrnoStatus(error, fmt::format("make folder {}", path));
  PLUMB_RETURN_IF_ERROR(MakeDirectories(parent, mode));
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("make folder {}", path));
}

absl::Status SyncDirectory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open folder {}", path));
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return ErrnoStatus(errno, fmt::format("sync folder {}", path));
  return absl::OkStatus();
}

}  // namespace plumb
