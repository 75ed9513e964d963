#include "plumb/content/chunker.h"

#include <algorithm>

#include "plumb/base/limits.h"

namespace plumb {
namespace {

// A tensor at least this large gets chunks of its own.
constexpr uint64_t kOwnChunkBytesMin = 64u << 10;

void CutEvenly(uint64_t bytes, std::vector<uint32_t>* sizes) {
  while (bytes > 0) {
    auto size = static_cast<uint32_t>(std::min<uint64_t>(bytes, limits::kChunkBytes));
    sizes->push_back(size);
    bytes -= size;
  }
}

}  // namespace

std::vector<uint32_t> PlanChunks(uint64_t file_bytes, std::span<const ByteRange> tensors) {
  std::vector<uint32_t> sizes;
  uint64_t done = 0;
  for (const ByteRange& tensor : tensors) {
    bool usable = tensor.begin >= done && tensor.begin <= tensor.end && tensor.end <= file_bytes;
    if (!usable || tensor.end - tensor.begin < kOwnChunkBytesMin) continue;
    CutEvenly(tensor.begin - done, &sizes);
    CutEvenly(tensor.end - tensor.begin, &sizes);
    done = tensor.end;
  }
  CutEvenly(file_bytes - done, &sizes);
  return sizes;
}

}  // namespace plumb
