// Bringing chunks that packs hold into the index.
#ifndef PLUMB_REGISTRY_STORAGE_CHUNK_IMPORT_H_
#define PLUMB_REGISTRY_STORAGE_CHUNK_IMPORT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "plumb/pack/pack.h"
#include "registry/storage/chunk_index.h"

namespace plumb {

// The index's entry for what a pack says of a chunk; its depth is not known yet.
ChunkIndex::NewChunk ToNewChunk(uint32_t pack, const PackEntry& entry, TimePoint touched);

// Adds the chunks in an order in which each comes after its base, and says how deep each lies. Those whose base is
// neither there nor among them are left out, with a warning. Returns how many were added.
absl::StatusOr<size_t> AddWithBases(std::vector<ChunkIndex::NewChunk> chunks, ChunkIndex* index);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_CHUNK_IMPORT_H_
