#include "registry/service/chunk_reader.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/service/chunk_refs.h"
#include "registry/service/status.h"

namespace plumb {

absl::StatusOr<std::vector<uint8_t>> ChunkReader::LoadPlain(const ChunkRef& chunk) {
  std::vector<uint8_t> plain(chunk.size_bytes);
  PLUMB_RETURN_IF_ERROR(chunks_.Read(chunk.digest, plain));
  return plain;
}

absl::StatusOr<std::vector<uint8_t>> ChunkReader::LoadFrame(const ChunkRef& chunk, std::string_view have) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<uint8_t> frame, chunks_.ReadFrame(chunk.digest));
  absl::StatusOr<FrameHeader> header = ParseFrameHeader(frame);
  if (!header.ok() || header->plain_bytes != chunk.size_bytes) {
    return DataLoss(fmt::format("the frame of chunk {} is damaged, or not that of its {} bytes", chunk.digest.ToHex(),
                                chunk.size_bytes));
  }
  if (!header->base.has_value() || header->base->ToBytes() == have) return frame;
  PLUMB_ASSIGN_OR_RETURN(std::vector<uint8_t> plain, LoadPlain(chunk));
  std::span<const uint8_t> alone = encoder_.Encode(plain, ElementsOf(frame));
  return std::vector<uint8_t>(alone.begin(), alone.end());
}

absl::StatusOr<ChunkPayload> ChunkReader::Load(const v1::ChunkRange& range, bool frames) {
  PLUMB_ASSIGN_OR_RETURN(ChunkRef chunk, ToChunkRef(range.chunk()));
  if (!frames && range.offset() > chunk.size_bytes) {
    return InvalidArgument(fmt::format("offset {} is past the {} bytes of chunk {}", range.offset(), chunk.size_bytes,
                                       chunk.digest.ToHex()));
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, frames ? LoadFrame(chunk, range.have()) : LoadPlain(chunk));
  auto size = static_cast<uint32_t>(bytes.size());
  // The store may have written the frame anew since the caller saw its beginning: then it starts over.
  uint32_t begin = std::min(range.offset(), size);
  uint32_t wanted = range.limit() == 0 ? size - begin : std::min(size - begin, range.limit());
  return ChunkPayload{.bytes = std::make_shared<const std::vector<uint8_t>>(std::move(bytes)),
                      .begin = begin,
                      .end = begin + wanted,
                      .is_frame = frames};
}

absl::Status SendChunks(const v1::ReadChunksRequest& request, const ChunkStore& chunks, const ChunkSink& sink) {
  if (static_cast<uint32_t>(request.ranges_size()) > limits::kBatchItemsMax) {
    return InvalidArgument(
        fmt::format("{} ranges in one call, at most {} are allowed", request.ranges_size(), limits::kBatchItemsMax));
  }
  ChunkReader reader(&chunks);
  for (int i = 0; i < request.ranges_size(); ++i) {
    absl::StatusOr<ChunkPayload> payload = reader.Load(request.ranges(i), request.frames());
    v1::ReadChunksResponse fields;
    fields.set_index(static_cast<uint32_t>(i));
    fields.set_last(true);
    fields.set_offset(payload.ok() ? payload->begin : request.ranges(i).offset());
    if (payload.ok() && payload->is_frame) fields.set_frame_bytes(static_cast<uint32_t>(payload->bytes->size()));
    if (!payload.ok()) *fields.mutable_status() = ToItemStatus(payload.status());
    if (!sink(fields, payload.ok() ? *payload : ChunkPayload())) return absl::CancelledError("the caller is gone");
  }
  return absl::OkStatus();
}

}  // namespace plumb
