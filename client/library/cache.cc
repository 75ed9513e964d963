#include "plumb/client/cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

std::string FileName(const Digest& tree_root) {
  std::string hex = tree_root.ToHex();
  return fmt::format("files/{}/{}", hex.substr(0, 2), hex);
}

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Modification time of a path, nanoseconds since the epoch; 0 when it cannot be told.
int64_t ModifiedNs(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec;
}

}  // namespace

absl::StatusOr<Cache> Cache::Open(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Create(path, 0755));
  PLUMB_RETURN_IF_ERROR(directory.MakeDirectory("files"));
  PLUMB_RETURN_IF_ERROR(directory.MakeDirectory("releases"));
  return Cache(std::move(directory));
}

absl::StatusOr<UniqueFd> Cache::Find(const Digest& tree_root) const {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, directory_.OpenFile(FileName(tree_root)));
  ::futimens(fd.get(), nullptr);  // Used now; Prune goes by it.
  return fd;
}

bool Cache::Has(const Digest& tree_root) const { return directory_.Stat(FileName(tree_root)).ok(); }

absl::Status Cache::Add(int fd, uint64_t size_bytes, const Digest& tree_root) const {
  std::string name = FileName(tree_root);
  if (directory_.Stat(name).ok()) return absl::OkStatus();
  static std::atomic<uint64_t> counter{0};
  std::string temporary = fmt::format("files/new-{}-{}", ::getpid(), counter.fetch_add(1));
  bool large = size_bytes >= kHardLinkBytesMin;
  PLUMB_ASSIGN_OR_RETURN(Directory::ShareMethod method, directory_.ShareFile(fd, temporary, large, 0444));
  // A hard link is the user's own file: nobody may change the one through the other.
  if (method == Directory::ShareMethod::kHardLink) ::fchmod(fd, 0444);
  absl::Status status = directory_.Rename(temporary, name);
  if (!status.ok()) directory_.Remove(temporary).IgnoreError();
  return status;
}

absl::Status Cache::Remove(const Digest& tree_root) const { return directory_.Remove(FileName(tree_root)); }

std::string Cache::ReleasePath(const Digest& release) const {
  return fmt::format("{}/releases/{}", directory_.path(), release.ToHex());
}

bool Cache::IsWritable() const { return ::faccessat(AT_FDCWD, path().c_str(), W_OK | X_OK, AT_EACCESS) == 0; }

absl::StatusOr<CacheUsage> Cache::Usage() const {
  CacheUsage usage;
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> files, CachedFiles());
  for (const DirectoryEntry& file : files) {
    ++usage.files;
    usage.bytes += file.size_bytes;
  }
  usage.releases = KnownReleases().size();
  return usage;
}

absl::StatusOr<CacheUsage> Cache::Prune(uint64_t older_than_seconds) const {
  CacheUsage gone;
  const std::set<std::string> before = KnownReleases();
  int64_t limit = NowNs() - static_cast<int64_t>(std::min<uint64_t>(older_than_seconds, 1ull << 32)) * 1'000'000'000LL;
  for (const std::string& folder : ReleaseFolders()) {
    if (ModifiedNs(folder + "/.plumb/manifest") > limit) continue;
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    if (error) return ErrnoStatus(error.value(), fmt::format("remove {}", folder));
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> files, CachedFiles());
  for (const DirectoryEntry& file : files) {
    if (ModifiedNs(fmt::format("{}/files/{}", path(), file.path)) > limit) continue;
    PLUMB_RETURN_IF_ERROR(directory_.Remove("files/" + file.path));
    ++gone.files;
    gone.bytes += file.size_bytes;
  }
  PLUMB_RETURN_IF_ERROR(PruneKnown(limit));
  gone.releases = before.size() - std::min(before.size(), KnownReleases().size());
  return gone;
}

absl::Status Cache::PruneKnown(int64_t limit_ns) const {
  for (const std::string folder : {"manifests", "chunks", "names"}) {
    absl::StatusOr<Directory> known = Directory::Open(fmt::format("{}/{}", path(), folder));
    if (!known.ok()) continue;
    PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> files, known->List({}));
    for (const DirectoryEntry& file : files) {
      if (ModifiedNs(fmt::format("{}/{}", known->path(), file.path)) > limit_ns) continue;
      // The chunk list of a file that stays.
      absl::StatusOr<Digest> root = Digest::FromHex(file.path.substr(file.path.rfind('/') + 1));
      if (folder == "chunks" && root.ok() && Has(*root)) continue;
      PLUMB_RETURN_IF_ERROR(known->Remove(file.path));
    }
  }
  return absl::OkStatus();
}

std::set<std::string> Cache::KnownReleases() const {
  std::set<std::string> digests;
  for (const char* folder : {"/manifests", "/releases"}) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path() + folder, error)) {
      const std::string name = entry.path().filename().string();
      if (Digest::FromHex(name).ok()) digests.insert(name);
    }
  }
  return digests;
}

absl::StatusOr<std::vector<DirectoryEntry>> Cache::CachedFiles() const {
  PLUMB_ASSIGN_OR_RETURN(Directory files, Directory::Open(path() + "/files"));
  return files.List({});
}

std::vector<std::string> Cache::ReleaseFolders() const {
  std::vector<std::string> folders;
  std::error_code error;
  std::filesystem::directory_iterator entry(path() + "/releases", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    folders.push_back(entry->path().string());
  }
  return folders;
}

}  // namespace plumb
