// Where a file is cut into chunks.
#ifndef PLUMB_CONTENT_CHUNKER_H_
#define PLUMB_CONTENT_CHUNKER_H_

#include <cstdint>
#include <span>
#include <vector>

namespace plumb {

// A run of bytes of a file that belong together (a tensor): [begin, end).
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Sizes of the chunks that a file of `file_bytes` is cut into, each 1 to limits::kChunkBytes,
// adding up to `file_bytes`.
//
// Chunks are cut at tensor bounds so that a changed header, a reordering or a grown
// vocabulary leaves the chunks of every other tensor as they were: a chunk boundary stands
// before each tensor of 64 KiB or more, and after it; between those, the header and runs of
// small tensors share chunks. `tensors` must be sorted, must not overlap and must lie inside the file;
// ranges that do not are ignored. Without tensors, cuts stand at every limits::kChunkBytes.
std::vector<uint32_t> PlanChunks(uint64_t file_bytes, std::span<const ByteRange> tensors);

}  // namespace plumb

#endif  // PLUMB_CONTENT_CHUNKER_H_
