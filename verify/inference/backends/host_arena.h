// Places for tensors in one piece of memory, found before anything is computed.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_ARENA_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_ARENA_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace plumb {

// Hands out offsets in an arena that grows as needed. Not thread-safe.
class ArenaPlanner {
 public:
  static constexpr uint64_t kAlignment = 64;

  // The smallest gap that is large enough, or the end. A multiple of kAlignment.
  uint64_t Take(uint64_t bytes) {
    bytes = Rounded(bytes);
    auto best = gaps_.end();
    for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
      if (gap->second >= bytes && (best == gaps_.end() || gap->second < best->second)) best = gap;
    }
    if (best == gaps_.end()) return TakeAtEnd(bytes);
    const uint64_t offset = best->first;
    const uint64_t rest = best->second - bytes;
    gaps_.erase(best);
    if (rest > 0) gaps_[offset + bytes] = rest;
    return offset;
  }

  // REQUIRES: Take(bytes) returned `offset`, and it was not given back since.
  void GiveBack(uint64_t offset, uint64_t bytes) {
    bytes = Rounded(bytes);
    auto after = gaps_.lower_bound(offset);
    if (after != gaps_.end() && after->first == offset + bytes) {
      bytes += after->second;
      after = gaps_.erase(after);
    }
    if (after != gaps_.begin() && std::prev(after)->first + std::prev(after)->second == offset) {
      std::prev(after)->second += bytes;
    } else {
      gaps_[offset] = bytes;
    }
  }

  uint64_t size_bytes() const { return end_; }

 private:
  static uint64_t Rounded(uint64_t bytes) {
    return std::max((bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  }

  // A gap that reaches the end is made larger.
  uint64_t TakeAtEnd(uint64_t bytes) {
    uint64_t offset = end_;
    if (!gaps_.empty() && gaps_.rbegin()->first + gaps_.rbegin()->second == end_) {
      offset = gaps_.rbegin()->first;
      gaps_.erase(offset);
    }
    end_ = offset + bytes;
    return offset;
  }

  std::map<uint64_t, uint64_t> gaps_;  // Offset to size; no two touch.
  uint64_t end_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_ARENA_H_
