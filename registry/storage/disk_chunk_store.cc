#include "registry/storage/disk_chunk_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr int kFolders = 256;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// The names in a folder, sorted.
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::unique_ptr<DIR, CloseDir> dir(::opendir(folder.c_str()));
  if (dir == nullptr) return ErrnoStatus(errno, fmt::format("list {}", folder));
  std::vector<std::string> names;
  errno = 0;
  while (dirent* item = ::readdir(dir.get())) {
    if (item->d_name[0] != '.') names.emplace_back(item->d_name);
    errno = 0;
  }
  if (errno != 0) return ErrnoStatus(errno, fmt::format("list {}", folder));
  std::sort(names.begin(), names.end());
  return names;
}

TimePoint FromTimespec(const timespec& time) {
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(std::chrono::seconds(time.tv_sec) +
                                                                   std::chrono::nanoseconds(time.tv_nsec)));
}

timespec ToTimespec(TimePoint time) {
  auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
}

ChunkInfo InfoFromStat(const struct stat& info) {
  // A size that no chunk can have is kept recognisable rather than cut to 32 bits.
  uint64_t size = std::min<uint64_t>(static_cast<uint64_t>(info.st_size), std::numeric_limits<uint32_t>::max());
  return {static_cast<uint32_t>(size), FromTimespec(info.st_mtim)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiskChunkStore>> DiskChunkStore::New(const std::string& path, uint64_t reserve_bytes,
                                                                    Clock clock) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path + "/temporary", 0700));
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path + "/quarantine", 0700));
  PLUMB_RETURN_IF_ERROR(SyncDirectory(path));
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::string> leftovers, NamesIn(path + "/temporary"));
  for (const std::string& name : leftovers) ::unlink(fmt::format("{}/temporary/{}", path, name).c_str());
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) return ErrnoStatus(errno, fmt::format("look at the disk of {}", path));
  uint64_t reserve_max = static_cast<uint64_t>(space.f_blocks) * space.f_frsize / 20;
  return std::unique_ptr<DiskChunkStore>(
      new DiskChunkStore(path, std::min(reserve_bytes, reserve_max), std::move(clock)));
}

std::string DiskChunkStore::FolderOf(const Digest& digest) const {
  return fmt::format("{}/{:02x}", path_, digest.bytes[0]);
}

std::string DiskChunkStore::PathOf(const Digest& digest) const {
  return fmt::format("{}/{}", FolderOf(digest), digest.ToHex());
}

absl::StatusOr<std::optional<ChunkInfo>> DiskChunkStore::Find(const Digest& digest) const {
  struct stat info {};
  if (::stat(PathOf(digest).c_str(), &info) == 0) return std::optional<ChunkInfo>(InfoFromStat(info));
  if (errno == ENOENT) return std::optional<ChunkInfo>();
  return ErrnoStatus(errno, fmt::format("look for chunk {}", digest.ToHex()));
}

absl::StatusOr<std::optional<ChunkInfo>> DiskChunkStore::Touch(const Digest& digest) {
  timespec times[2] = {{0, UTIME_OMIT}, ToTimespec(clock_())};
  if (::utimensat(AT_FDCWD, PathOf(digest).c_str(), times, 0) != 0) {
    if (errno == ENOENT) return std::optional<ChunkInfo>();
    return ErrnoStatus(errno, fmt::format("touch chunk {}", digest.ToHex()));
  }
  return Find(digest);
}

absl::Status DiskChunkStore::CheckSpace(uint64_t bytes) const {
  struct statvfs space {};
  if (::statvfs(path_.c_str(), &space) != 0) return ErrnoStatus(errno, fmt::format("look at the disk of {}", path_));
  uint64_t available = static_cast<uint64_t>(space.f_bavail) * space.f_frsize;
  if (available >= reserve_bytes_ + bytes) return absl::OkStatus();
  return WithErrorClass(absl::ResourceExhaustedError(fmt::format(
                            "the registry's disk is full: {} bytes are free, {} are kept for metadata, {} are needed",
                            available, reserve_bytes_, bytes)),
                        ErrorClass::kLocalStorage);
}

absl::Status DiskChunkStore::WriteSynced(const std::string& temporary, std::span<const uint8_t> bytes) const {
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("create {}", temporary));
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd.get(), bytes, 0, temporary));
  timespec times[2] = {{0, UTIME_OMIT}, ToTimespec(clock_())};
  if (::futimens(fd.get(), times) != 0) return ErrnoStatus(errno, fmt::format("date {}", temporary));
  if (::fdatasync(fd.get()) != 0) return ErrnoStatus(errno, fmt::format("sync {}", temporary));
  return fd.Close();
}

absl::Status DiskChunkStore::GiveName(const std::string& temporary, const Digest& digest) const {
  std::string path = PathOf(digest);
  int result = ::rename(temporary.c_str(), path.c_str());
  if (result != 0 && errno == ENOENT) {  // The first chunk of its folder.
    PLUMB_RETURN_IF_ERROR(MakeDirectories(FolderOf(digest), 0700));
    PLUMB_RETURN_IF_ERROR(SyncDirectory(path_));
    result = ::rename(temporary.c_str(), path.c_str());
  }
  return result == 0 ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("give chunk {} its name", digest.ToHex()));
}

absl::Status DiskChunkStore::Put(const Digest& digest, std::span<const uint8_t> bytes) {
  PLUMB_RETURN_IF_ERROR(CheckSpace(bytes.size()));
  std::string temporary = fmt::format("{}/temporary/{}", path_, next_temporary_.fetch_add(1));
  absl::Status status = WriteSynced(temporary, bytes);
  if (status.ok()) status = GiveName(temporary, digest);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(FolderOf(digest));
}

absl::Status DiskChunkStore::Read(const Digest& digest, uint32_t offset, std::span<uint8_t> out) const {
  std::string path = PathOf(digest);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return NotFound(fmt::format("no chunk {}", digest.ToHex()));
  if (!fd.valid()) return ErrnoStatus(errno, fmt::format("open chunk {}", digest.ToHex()));
  absl::Status status = PreadExactly(fd.get(), out, offset, path);
  if (absl::IsOutOfRange(status)) return DataLoss(fmt::format("chunk {}: {}", digest.ToHex(), Message(status)));
  return status;
}

absl::Status DiskChunkStore::Remove(const Digest& digest) {
  if (::unlink(PathOf(digest).c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("remove chunk {}", digest.ToHex()));
}

absl::Status DiskChunkStore::Quarantine(const Digest& digest) {
  std::string target = fmt::format("{}/quarantine/{}", path_, digest.ToHex());
  if (::rename(PathOf(digest).c_str(), target.c_str()) == 0) return SyncDirectory(FolderOf(digest));
  if (errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, fmt::format("quarantine chunk {}", digest.ToHex()));
}

absl::Status DiskChunkStore::ForEach(const Visitor& visitor) const {
  for (int i = 0; i < kFolders; ++i) {
    absl::StatusOr<std::vector<std::string>> names = NamesIn(fmt::format("{}/{:02x}", path_, i));
    if (absl::IsNotFound(names.status())) continue;  // No chunk has come here yet.
    PLUMB_RETURN_IF_ERROR(names.status());
    for (const std::string& name : *names) {
      absl::StatusOr<Digest> digest = Digest::FromHex(name);
      if (!digest.ok() || digest->ToHex() != name) continue;  // Not ours.
      PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, Find(*digest));
      if (info.has_value()) PLUMB_RETURN_IF_ERROR(visitor(*digest, *info));
    }
  }
  return absl::OkStatus();
}

}  // namespace plumb
