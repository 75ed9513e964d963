#include "client/library/chunk_check.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "client/library/guarded_mapping.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/content/multi_digest.h"

namespace plumb {
namespace {

// What one thread maps at a time: enough chunks to keep the hash's lanes full while lengths differ.
constexpr uint64_t kGroupBytesMax = 32u << 20;
constexpr size_t kThreadsMax = 4;
// Smaller chunks are read even where they lie in a hole.
constexpr uint32_t kHoleBytesMin = 4096;

// Chunks [first, last) of a list, which lie one after another in the file.
struct Group {
  size_t first = 0;
  size_t last = 0;
};

// Where written data goes on at or after `offset`; `end` when there is none. File systems that cannot tell say
// `offset`.
uint64_t NextData(int fd, uint64_t offset, uint64_t end) {
  off_t data = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  if (data < 0) return errno == ENXIO ? end : offset;
  return static_cast<uint64_t>(data);
}

// Gathers chunks into groups.
class Grouping {
 public:
  explicit Grouping(const ChunkList& list) : list_(list) {}

  void Add(size_t i) {
    bool joins = !groups_.empty() && groups_.back().last == i &&
                 list_.offset(i) + list_.chunks()[i].size_bytes - list_.offset(groups_.back().first) <= kGroupBytesMax;
    if (!joins) groups_.push_back({i, i});
    groups_.back().last = i + 1;
  }
  std::vector<Group> Take() { return std::move(groups_); }

 private:
  const ChunkList& list_;
  std::vector<Group> groups_;
};

// All chunks that lie within `file_bytes`.
std::vector<Group> GroupsWithin(const ChunkList& list, uint64_t file_bytes) {
  Grouping grouping(list);
  for (size_t i = 0; i < list.size() && list.offset(i) + list.chunks()[i].size_bytes <= file_bytes; ++i) {
    grouping.Add(i);
  }
  return grouping.Take();
}

// Those of them that do not lie in a hole.
std::vector<Group> GroupsWritten(int fd, const ChunkList& list, uint64_t file_bytes) {
  Grouping grouping(list);
  uint64_t data_from = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    const ChunkRef& chunk = list.chunks()[i];
    const uint64_t begin = list.offset(i);
    const uint64_t end = begin + chunk.size_bytes;
    if (end > file_bytes) break;
    if (data_from < end) data_from = NextData(fd, begin, file_bytes);
    if (data_from < end || chunk.size_bytes <= kHoleBytesMin) grouping.Add(i);
  }
  return grouping.Take();
}

// Hashes groups on several threads. Used once.
class Checker {
 public:
  Checker(int fd, const ChunkList& list, std::string_view name, const CheckProgress& progress)
      : fd_(fd), list_(list), name_(name), progress_(progress), good_(list.size()) {}

  absl::StatusOr<std::vector<bool>> Run(std::vector<Group> groups) {
    groups_ = std::move(groups);
    const size_t threads_max = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min(threads_max, groups_.size()); ++i) threads.emplace_back([this] { Work(); });
    Work();
    threads.clear();
    PLUMB_RETURN_IF_ERROR(status_);
    return std::vector<bool>(good_.begin(), good_.end());
  }

 private:
  void Work() {
    for (size_t i = next_++; i < groups_.size() && !failed_; i = next_++) {
      const Group& group = groups_[i];
      absl::Status status = CheckMapped(group) ? absl::OkStatus() : CheckRead(group);
      std::lock_guard lock(mutex_);
      if (status.ok()) status = progress_(End(group.last - 1) - list_.offset(group.first));
      if (!status.ok() && status_.ok()) status_ = status;
      failed_ = !status_.ok();
    }
  }

  uint64_t End(size_t i) const { return list_.offset(i) + list_.chunks()[i].size_bytes; }

  // False when the file's bytes cannot be had this way.
  bool CheckMapped(const Group& group) {
    const uint64_t begin = list_.offset(group.first);
    auto mapping = GuardedMapping::Map(fd_, begin, End(group.last - 1), name_);
    if (!mapping.ok()) return false;
    std::vector<std::span<const uint8_t>> chunks;
    for (size_t i = group.first; i < group.last; ++i) {
      chunks.push_back((*mapping)->bytes().subspan(list_.offset(i) - begin, list_.chunks()[i].size_bytes));
    }
    std::vector<Digest> digests(chunks.size());
    Sha256Many(chunks, digests);
    if (!(*mapping)->intact()) return false;
    for (size_t i = 0; i < digests.size(); ++i) {
      good_[group.first + i] = digests[i] == list_.chunks()[group.first + i].digest;
    }
    return true;
  }

  absl::Status CheckRead(const Group& group) {
    std::vector<uint8_t> buffer;
    for (size_t i = group.first; i < group.last; ++i) {
      buffer.resize(list_.chunks()[i].size_bytes);
      absl::Status status = PreadExactly(fd_, buffer, list_.offset(i), name_);
      if (absl::IsOutOfRange(status)) return absl::OkStatus();  // Shortened meanwhile.
      PLUMB_RETURN_IF_ERROR(status);
      good_[i] = Sha256Of(buffer) == list_.chunks()[i].digest;
    }
    return absl::OkStatus();
  }

  const int fd_;
  const ChunkList& list_;
  const std::string_view name_;
  const CheckProgress& progress_;
  std::vector<Group> groups_;
  std::vector<uint8_t> good_;  // Each entry is written by one thread.
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<std::vector<bool>> CheckEveryChunk(int fd, const ChunkList& list, std::string_view name,
                                                  const CheckProgress& progress) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t file_bytes, FileSize(fd, name));
  return Checker(fd, list, name, progress).Run(GroupsWithin(list, file_bytes));
}

absl::StatusOr<std::vector<bool>> CheckEveryChunkAndWhole(int fd, const ChunkList& list, std::string_view name,
                                                          const CheckProgress& progress, Digest* whole) {
  std::vector<bool> good(list.size());
  std::vector<uint8_t> buffer;
  FileHasher hasher;
  for (size_t i = 0; i < list.size(); ++i) {
    const ChunkRef& chunk = list.chunks()[i];
    buffer.resize(chunk.size_bytes);
    absl::Status status = PreadExactly(fd, buffer, list.offset(i), name);
    if (absl::IsOutOfRange(status)) break;
    PLUMB_RETURN_IF_ERROR(status);
    good[i] = hasher.AddChunk(buffer) == chunk.digest;
    PLUMB_RETURN_IF_ERROR(progress(chunk.size_bytes));
  }
  *whole = hasher.Finish();
  return good;
}

absl::StatusOr<std::vector<bool>> CheckChunks(int fd, const ChunkList& list, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t file_bytes, FileSize(fd, name));
  const CheckProgress nothing = [](uint64_t) { return absl::OkStatus(); };
  return Checker(fd, list, name, nothing).Run(GroupsWritten(fd, list, file_bytes));
}

}  // namespace plumb
