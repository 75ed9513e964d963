#include "client/library/disk_room.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "client/library/folder_record.h"
#include "fmt/format.h"
#include "plumb/base/human_bytes.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kBlockBytes = 4096;

uint64_t InBlocks(uint64_t bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }

// File systems on which a copy of a file may share its blocks: what one takes cannot be told beforehand.
bool SharesBlocks(const std::string& folder) {
  constexpr std::array<uint64_t, 5> kMagics = {BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC, 0xca451a4e /* bcachefs */,
                                               0x2fc12fc1 /* ZFS */, OCFS2_SUPER_MAGIC};
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return true;
  return std::find(kMagics.begin(), kMagics.end(), static_cast<uint64_t>(info.f_type)) != kMagics.end();
}

uint64_t DeviceOf(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_dev : 0;
}

class Estimator {
 public:
  Estimator(const Directory* folder, const std::string& place, const Cache* cache)
      : folder_(folder),
        cache_(cache),
        shares_blocks_(SharesBlocks(place)),
        links_(cache != nullptr && DeviceOf(cache->path()) == DeviceOf(place)) {}

  // What the equal files take that are not there.
  uint64_t NeedOf(const EqualFiles& files) const {
    const uint64_t size = files.front()->size_bytes();
    const auto standing = static_cast<uint64_t>(
        std::count_if(files.begin(), files.end(), [this](const v1::File* file) { return Stands(*file); }));
    const uint64_t lacking = files.size() - standing;
    if (lacking == 0) return 0;
    const uint64_t another = IsShared(size) ? 0 : InBlocks(size);
    if (standing > 0) return lacking * another;
    absl::StatusOr<Digest> root = Digest::FromBytes(files.front()->tree_root());
    if (!root.ok()) return 0;
    // A cache on another file system can only be copied from.
    if (IsCached(*root, size)) return lacking * (links_ || shares_blocks_ ? another : InBlocks(size));
    const uint64_t reserved = ReservedFor(*root);
    return InBlocks(size) - std::min(InBlocks(size), reserved) + (lacking - 1) * another;
  }

 private:
  bool Stands(const v1::File& file) const {
    if (folder_ == nullptr) return false;
    absl::StatusOr<FileInfo> info = folder_->Stat(file.path());
    return info.ok() && info->size_bytes == file.size_bytes();
  }

  // Whether another name for a whole file takes no room.
  bool IsShared(uint64_t size) const { return shares_blocks_ || (cache_ != nullptr && size >= kHardLinkBytesMin); }

  bool IsCached(const Digest& root, uint64_t size) const {
    if (cache_ == nullptr) return false;
    absl::StatusOr<UniqueFd> cached = cache_->Find(root);
    if (!cached.ok()) return false;
    absl::StatusOr<uint64_t> found = FileSize(cached->get(), "a file of the cache");
    return found.ok() && *found == size;
  }

  uint64_t ReservedFor(const Digest& root) const {
    if (folder_ == nullptr) return 0;
    absl::StatusOr<UniqueFd> partial = folder_->OpenFile(PartialName(root));
    struct stat info {};
    if (!partial.ok() || ::fstat(partial->get(), &info) != 0) return 0;
    return static_cast<uint64_t>(info.st_blocks) * 512;
  }

  const Directory* folder_;
  const Cache* cache_;
  const bool shares_blocks_;
  const bool links_;
};

// The folder nearest to the root that is on the same file system.
std::string MountOf(const std::string& folder) {
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (error) return folder;
  const uint64_t device = DeviceOf(path.string());
  while (path.has_relative_path() && DeviceOf(path.parent_path().string()) == device) path = path.parent_path();
  return path.string();
}

}  // namespace

DiskNeed EstimateDiskNeed(const Directory* folder, const std::string& place, const Cache* cache,
                          const std::vector<EqualFiles>& groups) {
  const Estimator estimator(folder, place, cache);
  DiskNeed need;
  for (const EqualFiles& files : groups) {
    const uint64_t bytes = estimator.NeedOf(files);
    need.bytes += bytes;
    if (bytes <= need.largest_bytes) continue;
    need.largest_bytes = bytes;
    need.largest_path = files.front()->path();
  }
  return need;
}

std::optional<DiskRoom> RoomAt(const std::string& folder) {
  struct statvfs info {};
  // Some virtual file systems know no size.
  if (::statvfs(folder.c_str(), &info) != 0 || info.f_blocks == 0) return std::nullopt;
  const uint64_t blocks = ::geteuid() == 0 ? info.f_bfree : info.f_bavail;
  return DiskRoom{.free_bytes = blocks * info.f_frsize, .mounted_at = MountOf(folder)};
}

absl::Status CheckDiskRoom(const std::string& folder, const v1::Manifest& manifest, const DiskNeed& need) {
  const std::optional<DiskRoom> room = RoomAt(folder);
  if (!room.has_value() || need.bytes <= room->free_bytes) return absl::OkStatus();
  absl::Status full = ErrnoStatus(
      ENOSPC, fmt::format("{}@{} needs {} more in {} (the most for {}, {}), and {} are free on the file system at {}",
                          manifest.model(), manifest.version(), HumanBytes(need.bytes), folder, need.largest_path,
                          HumanBytes(need.largest_bytes), HumanBytes(room->free_bytes), room->mounted_at));
  return Annotate(full, "nothing was fetched");
}

}  // namespace plumb
