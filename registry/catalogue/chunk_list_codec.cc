#include "registry/catalogue/chunk_list_codec.h"

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"

namespace plumb {

std::string EncodeListInfo(const ChunkListInfo& info) {
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(info.touched.time_since_epoch()).count();
  return keys::BigEndian64(info.chunk_count) + keys::BigEndian64(info.size_bytes) +
         keys::BigEndian64(static_cast<uint64_t>(milliseconds)) + info.page_set;
}

absl::StatusOr<ChunkListInfo> DecodeListInfo(std::string_view value) {
  if (value.size() != 24 + kPageSetBytes) {
    return DataLoss(
        fmt::format("the head of a chunk list has {} bytes, expected {}", value.size(), 24 + kPageSetBytes));
  }
  ChunkListInfo info;
  info.chunk_count = keys::ReadBigEndian64(value.substr(0, 8));
  info.size_bytes = keys::ReadBigEndian64(value.substr(8, 8));
  info.touched = TimePoint(std::chrono::milliseconds(keys::ReadBigEndian64(value.substr(16, 8))));
  info.page_set = value.substr(24);
  return info;
}

void AppendChunkEntry(const ChunkRef& chunk, std::string* page) {
  page->append(chunk.digest.ToBytes());
  page->append(keys::BigEndian32(chunk.size_bytes));
}

absl::StatusOr<std::vector<ChunkRef>> DecodePage(std::string_view page) {
  if (page.empty() || page.size() % kChunkEntryBytes != 0) {
    return DataLoss(
        fmt::format("a page of a chunk list has {} bytes, expected a multiple of {}", page.size(), kChunkEntryBytes));
  }
  std::vector<ChunkRef> chunks(page.size() / kChunkEntryBytes);
  for (ChunkRef& chunk : chunks) {
    PLUMB_ASSIGN_OR_RETURN(chunk.digest, Digest::FromBytes(page.substr(0, Digest::kSizeBytes)));
    chunk.size_bytes = keys::ReadBigEndian32(page.substr(Digest::kSizeBytes, 4));
    page.remove_prefix(kChunkEntryBytes);
  }
  return chunks;
}

}  // namespace plumb
