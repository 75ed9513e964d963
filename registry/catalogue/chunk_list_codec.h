// Chunk lists as values of the metadata store (docs/storage.md).
#ifndef PLUMB_REGISTRY_CATALOGUE_CHUNK_LIST_CODEC_H_
#define PLUMB_REGISTRY_CATALOGUE_CHUNK_LIST_CODEC_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "registry/catalogue/chunk_lists.h"

namespace plumb {

// Bytes of one chunk in a page: its digest and its size, big-endian.
inline constexpr size_t kChunkEntryBytes = Digest::kSizeBytes + 4;
// Bytes of a page set's name.
inline constexpr size_t kPageSetBytes = 16;

std::string EncodeListInfo(const ChunkListInfo& info);
// The inverse; DATA_LOSS for anything else.
absl::StatusOr<ChunkListInfo> DecodeListInfo(std::string_view value);

void AppendChunkEntry(const ChunkRef& chunk, std::string* page);
absl::StatusOr<std::vector<ChunkRef>> DecodePage(std::string_view page);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_CHUNK_LIST_CODEC_H_
