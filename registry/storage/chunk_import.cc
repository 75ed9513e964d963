#include "registry/storage/chunk_import.h"

#include <utility>

#include "plumb/base/status.h"
#include "spdlog/spdlog.h"

namespace plumb {

ChunkIndex::NewChunk ToNewChunk(uint32_t pack, const PackEntry& entry, TimePoint touched) {
  return {.digest = entry.digest,
          .entry = {.at = {.pack = pack, .offset = entry.offset, .frame_bytes = entry.frame_bytes},
                    .plain_bytes = entry.plain_bytes,
                    .touched = touched,
                    .base = entry.base}};
}

absl::StatusOr<size_t> AddWithBases(std::vector<ChunkIndex::NewChunk> chunks, ChunkIndex* index) {
  size_t added = 0;
  while (!chunks.empty()) {
    std::vector<ChunkIndex::NewChunk> ready;
    std::vector<ChunkIndex::NewChunk> waiting;
    for (ChunkIndex::NewChunk& chunk : chunks) {
      absl::StatusOr<uint32_t> depth = 0;
      if (chunk.entry.base.has_value()) depth = index->DepthOn(*chunk.entry.base, chunk.digest);
      if (!depth.ok() && !absl::IsFailedPrecondition(depth.status())) return depth.status();
      if (depth.ok()) chunk.entry.depth = *depth;
      (depth.ok() ? ready : waiting).push_back(std::move(chunk));
    }
    if (ready.empty()) {
      spdlog::warn("{} chunks are differences from chunks that are not there; they were not indexed", waiting.size());
      break;
    }
    PLUMB_ASSIGN_OR_RETURN(size_t more, index->Add(ready, {}));
    added += more;
    chunks = std::move(waiting);
  }
  return added;
}

}  // namespace plumb
