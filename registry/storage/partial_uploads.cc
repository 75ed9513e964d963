#include "registry/storage/partial_uploads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::StatusOr<PartialUploads::Key> ParseName(std::string_view name) {
  size_t dash = name.find('-');
  PartialUploads::Key key;
  PLUMB_ASSIGN_OR_RETURN(key.digest, Digest::FromHex(name.substr(0, dash)));
  std::string_view number = dash == name.npos ? std::string_view() : name.substr(dash + 1);
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), key.frame_bytes);
  if (error == std::errc() && !number.empty() && end == number.data() + number.size()) return key;
  return InvalidArgument(fmt::format("{} is not the name of an upload", name));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartialUploads>> PartialUploads::New(const std::string& path, Bounds bounds,
                                                                    Clock clock) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path, 0700));
  auto uploads = std::unique_ptr<PartialUploads>(new PartialUploads(path, bounds, std::move(clock)));
  PLUMB_RETURN_IF_ERROR(uploads->ReadFolder());
  uploads->DropOld();
  std::lock_guard lock(uploads->mutex_);
  uploads->MakeRoomLocked(0);
  return uploads;
}

absl::Status PartialUploads::ReadFolder() {
  std::lock_guard lock(mutex_);
  std::error_code error;
  std::filesystem::directory_iterator it(path_, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    absl::StatusOr<Key> key = ParseName(it->path().filename().string());
    struct stat info {};
    bool usable =
        key.ok() && ::stat(it->path().c_str(), &info) == 0 && info.st_size > 0 && info.st_size < limits::kFrameBytesMax;
    if (!usable) {
      ::unlink(it->path().c_str());  // A temporary file of a process that was killed.
      continue;
    }
    auto kept = std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    entries_[*key] = {static_cast<uint32_t>(info.st_size),
                      TimePoint(std::chrono::duration_cast<TimePoint::duration>(kept))};
    total_bytes_ += static_cast<uint64_t>(info.st_size);
  }
  if (error) return ErrnoStatus(error.value(), fmt::format("list {}", path_));
  return absl::OkStatus();
}

std::string PartialUploads::PathOf(const Key& key) const {
  return fmt::format("{}/{}-{}", path_, key.digest.ToHex(), key.frame_bytes);
}

void PartialUploads::DropLocked(std::map<Key, Entry>::iterator entry) {
  ::unlink(PathOf(entry->first).c_str());
  total_bytes_ -= entry->second.size_bytes;
  entries_.erase(entry);
}

void PartialUploads::MakeRoomLocked(uint64_t bytes) {
  while (!entries_.empty() && (entries_.size() >= bounds_.count_max || total_bytes_ + bytes > bounds_.bytes_max)) {
    DropLocked(std::min_element(entries_.begin(), entries_.end(),
                                [](const auto& a, const auto& b) { return a.second.kept < b.second.kept; }));
  }
}

absl::Status PartialUploads::Keep(const Key& key, std::span<const uint8_t> bytes) {
  if (bytes.empty() || bytes.size() >= limits::kFrameBytesMax || bytes.size() > bounds_.bytes_max) {
    return absl::OkStatus();
  }
  std::lock_guard lock(mutex_);
  if (auto old = entries_.find(key); old != entries_.end()) DropLocked(old);
  MakeRoomLocked(bytes.size());
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(PathOf(key), AsText(bytes), 0600));
  TimePoint now = clock_();
  auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  timespec times[2] = {{0, UTIME_OMIT}, {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000}};
  ::utimensat(AT_FDCWD, PathOf(key).c_str(), times, 0);
  entries_[key] = {static_cast<uint32_t>(bytes.size()), now};
  total_bytes_ += bytes.size();
  return absl::OkStatus();
}

uint32_t PartialUploads::KeptBytes(const Key& key) const {
  std::lock_guard lock(mutex_);
  auto entry = entries_.find(key);
  return entry == entries_.end() ? 0 : entry->second.size_bytes;
}

absl::StatusOr<std::vector<uint8_t>> PartialUploads::Load(const Key& key) const {
  std::lock_guard lock(mutex_);
  if (!entries_.contains(key)) return std::vector<uint8_t>();
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadFile(PathOf(key), limits::kFrameBytesMax));
  return std::vector<uint8_t>(text.begin(), text.end());
}

void PartialUploads::Drop(const Key& key) {
  std::lock_guard lock(mutex_);
  if (auto entry = entries_.find(key); entry != entries_.end()) DropLocked(entry);
}

size_t PartialUploads::DropOld() {
  std::lock_guard lock(mutex_);
  size_t dropped = 0;
  TimePoint oldest = clock_() - bounds_.age_max;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    auto next = std::next(entry);
    if (entry->second.kept < oldest) {
      DropLocked(entry);
      ++dropped;
    }
    entry = next;
  }
  return dropped;
}

}  // namespace plumb
