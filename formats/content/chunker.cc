#include "plumb/content/chunker.h"

#include <algorithm>

#include "plumb/base/limits.h"

namespace plumb {
namespace {

// A tensor at least this large gets chunks of its own.
constexpr uint64_t kOwnChunkBytesMin = 64u << 10;

class Planner {
 public:
  explicit Planner(std::span<const ByteRange> tensors) : tensors_(tensors) {}

  std::vector<PlannedChunk> Plan(uint64_t file_bytes) {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const ByteRange& tensor = tensors_[i];
      bool usable = tensor.begin >= done_ && tensor.begin <= tensor.end && tensor.end <= file_bytes;
      if (!usable || tensor.begin == tensor.end) continue;
      if (tensor.end - tensor.begin >= kOwnChunkBytesMin) {
        CutGap(tensor.begin);
        while (done_ < tensor.end) Cut(tensor.end, static_cast<int32_t>(i));
      } else if (small_.empty() || tensor.begin >= tensors_[small_.back()].end) {
        small_.push_back(i);
      }
    }
    CutGap(file_bytes);
    return std::move(chunks_);
  }

 private:
  // One chunk, ending at `end` at the latest.
  void Cut(uint64_t end, int32_t tensor) {
    auto size = static_cast<uint32_t>(std::min<uint64_t>(end - done_, limits::kChunkBytes));
    chunks_.push_back({size, tensor});
    done_ += size;
  }

  // What lies before the next large tensor, with the small tensors found there.
  void CutGap(uint64_t end) {
    size_t next = 0;
    while (done_ < end) {
      const uint64_t chunk_end = std::min<uint64_t>(end, done_ + limits::kChunkBytes);
      while (next < small_.size() && tensors_[small_[next]].end <= done_) ++next;
      bool holds = next < small_.size() && tensors_[small_[next]].begin < chunk_end;
      Cut(end, holds ? static_cast<int32_t>(small_[next]) : -1);
    }
    small_.clear();
  }

  std::span<const ByteRange> tensors_;
  std::vector<PlannedChunk> chunks_;
  std::vector<size_t> small_;  // Small tensors since the last large one, in order.
  uint64_t done_ = 0;          // Bytes in chunks so far.
};

}  // namespace

std::vector<PlannedChunk> PlanChunks(uint64_t file_bytes, std::span<const ByteRange> tensors) {
  return Planner(tensors).Plan(file_bytes);
}

}  // namespace plumb
