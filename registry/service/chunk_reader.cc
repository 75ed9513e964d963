#include "registry/service/chunk_reader.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/service/chunk_refs.h"
#include "registry/service/status.h"

namespace plumb {
namespace {

// Where a range begins and ends in a chunk that is there.
struct Extent {
  Digest digest;
  uint32_t begin = 0;
  uint32_t end = 0;
};

absl::StatusOr<Extent> FindExtent(const v1::ChunkRange& range, const ChunkStore& chunks) {
  PLUMB_ASSIGN_OR_RETURN(ChunkRef chunk, ToChunkRef(range.chunk()));
  if (range.offset() > chunk.size_bytes) {
    return InvalidArgument(fmt::format("offset {} is past the {} bytes of chunk {}", range.offset(), chunk.size_bytes,
                                       chunk.digest.ToHex()));
  }
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, chunks.Find(chunk.digest));
  if (!info.has_value()) return NotFound(fmt::format("no chunk {}", chunk.digest.ToHex()));
  if (info->size_bytes != chunk.size_bytes) {
    return DataLoss(fmt::format("chunk {} is stored with {} bytes, expected {}", chunk.digest.ToHex(), info->size_bytes,
                                chunk.size_bytes));
  }
  uint32_t rest = chunk.size_bytes - range.offset();
  uint32_t wanted = range.limit() == 0 ? rest : std::min(rest, range.limit());
  return Extent{chunk.digest, range.offset(), range.offset() + wanted};
}

// Sends one range through `message`, whose buffer is reused. False when the caller is gone.
bool SendRange(const v1::ChunkRange& range, const ChunkStore& chunks, v1::ReadChunksResponse* message,
               const ChunkSink& sink) {
  absl::StatusOr<Extent> extent = FindExtent(range, chunks);
  absl::Status status = extent.status();
  uint32_t at = extent.ok() ? extent->begin : range.offset();
  message->clear_status();
  message->set_last(false);
  do {
    message->set_offset(at);
    uint32_t size = extent.ok() ? std::min(extent->end - at, limits::kMessageDataBytesMax) : 0;
    std::string* data = message->mutable_data();
    data->resize(size);
    if (status.ok() && size > 0) {
      status = chunks.Read(extent->digest, at, {reinterpret_cast<uint8_t*>(data->data()), size});
    }
    if (!status.ok()) {
      data->clear();
      *message->mutable_status() = ToItemStatus(status);
    }
    at += size;
    message->set_last(!status.ok() || at == extent->end);
    if (!sink(*message)) return false;
  } while (!message->last());
  return true;
}

}  // namespace

absl::Status SendChunks(const v1::ReadChunksRequest& request, const ChunkStore& chunks, const ChunkSink& sink) {
  if (static_cast<uint32_t>(request.ranges_size()) > limits::kBatchItemsMax) {
    return InvalidArgument(
        fmt::format("{} ranges in one call, at most {} are allowed", request.ranges_size(), limits::kBatchItemsMax));
  }
  v1::ReadChunksResponse message;
  for (int i = 0; i < request.ranges_size(); ++i) {
    message.set_index(static_cast<uint32_t>(i));
    if (!SendRange(request.ranges(i), chunks, &message, sink)) return absl::CancelledError("the caller is gone");
  }
  return absl::OkStatus();
}

}  // namespace plumb
