#include "registry/storage/pack_folder.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr std::string_view kSuffix = ".pack";
constexpr std::string_view kTemporarySuffix = ".compacting";
constexpr size_t kDigits = 8;

// The number in a pack's name; no value for another file's.
std::optional<uint32_t> NumberOf(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  uint32_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number, 16);
  if (error != std::errc() || end != name.data() + kDigits) return std::nullopt;
  return number;
}

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) return ErrnoStatus(error.value(), fmt::format("list {}", folder));
  return names;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PackFolder>> PackFolder::New(const std::string& path, uint64_t reserve_bytes) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path, 0700));
  PLUMB_RETURN_IF_ERROR(SyncDirectory(std::filesystem::path(path).parent_path().string()));
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesIn(path));
  for (const std::string& name : names) {
    if (name.ends_with(kTemporarySuffix)) ::unlink(fmt::format("{}/{}", path, name).c_str());
  }
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) return ErrnoStatus(errno, fmt::format("look at the disk of {}", path));
  uint64_t reserve_max = static_cast<uint64_t>(space.f_blocks) * space.f_frsize / 20;
  return std::unique_ptr<PackFolder>(new PackFolder(path, std::min(reserve_bytes, reserve_max)));
}

std::string PackFolder::PathOf(uint32_t pack) const { return fmt::format("{}/{:08x}{}", path_, pack, kSuffix); }

std::string PackFolder::TemporaryPathOf(uint32_t pack) const {
  return fmt::format("{}/{:08x}{}", path_, pack, kTemporarySuffix);
}

absl::StatusOr<std::vector<uint32_t>> PackFolder::List() const {
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesIn(path_));
  std::vector<uint32_t> packs;
  for (const std::string& name : names) {
    if (std::optional<uint32_t> pack = NumberOf(name)) packs.push_back(*pack);
  }
  std::sort(packs.begin(), packs.end());
  return packs;
}

absl::StatusOr<std::shared_ptr<const UniqueFd>> PackFolder::Open(uint32_t pack) const {
  std::lock_guard lock(mutex_);
  auto known = open_.find(pack);
  if (known == open_.end()) {
    PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(PathOf(pack)));
    if (open_.size() >= kOpenMax) {
      open_.erase(std::min_element(open_.begin(), open_.end(),
                                   [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    }
    known = open_.emplace(pack, OpenPack{.fd = std::make_shared<const UniqueFd>(std::move(fd))}).first;
  }
  known->second.used = ++uses_;
  return known->second.fd;
}

absl::Status PackFolder::Remove(uint32_t pack) const {
  {
    std::lock_guard lock(mutex_);
    open_.erase(pack);
  }
  if (::unlink(PathOf(pack).c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, fmt::format("remove {}", PathOf(pack)));
  }
  return SyncDirectory(path_);
}

absl::Status PackFolder::CheckSpace(uint64_t bytes) const {
  struct statvfs space {};
  if (::statvfs(path_.c_str(), &space) != 0) return ErrnoStatus(errno, fmt::format("look at the disk of {}", path_));
  uint64_t available = static_cast<uint64_t>(space.f_bavail) * space.f_frsize;
  if (available >= reserve_bytes_ + bytes) return absl::OkStatus();
  return WithErrorClass(absl::ResourceExhaustedError(fmt::format(
                            "the registry's disk is full: {} bytes are free, {} are kept for metadata, {} are needed",
                            available, reserve_bytes_, bytes)),
                        ErrorClass::kLocalStorage);
}

}  // namespace plumb
