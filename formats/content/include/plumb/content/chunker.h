// Where a file of known layout is cut into chunks (docs/chunk-tree.md). Files whose layout is not known are cut
// by content_defined.h.
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

// One chunk of a plan.
struct PlannedChunk {
  uint32_t size_bytes = 0;
  int32_t tensor = -1;  // Index of the first tensor with bytes in the chunk; -1: it holds none.

  friend bool operator==(const PlannedChunk&, const PlannedChunk&) = default;
};

// The chunks, in order, that a file of `file_bytes` is cut into, each 1 to limits::kChunkBytes,
// adding up to `file_bytes`. Takes time proportional to the tensors and chunks.
//
// Chunks are cut at tensor bounds so that a changed header, a reordering or a grown
// vocabulary leaves the chunks of every other tensor as they were: a chunk boundary stands
// before each tensor of 64 KiB or more, and after it; between those, the header and runs of
// small tensors share chunks. `tensors` must be sorted, must not overlap and must lie inside the file;
// ranges that do not are ignored. Without tensors, cuts stand at every limits::kChunkBytes.
// REQUIRES: at most INT32_MAX tensors.
std::vector<PlannedChunk> PlanChunks(uint64_t file_bytes, std::span<const ByteRange> tensors);

}  // namespace plumb

#endif  // PLUMB_CONTENT_CHUNKER_H_
