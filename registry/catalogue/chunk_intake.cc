#include "registry/catalogue/chunk_intake.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/multi_digest.h"

namespace plumb {

std::vector<absl::Status> ChunkIntake::Take(std::span<const IncomingChunk> chunks) {
  auto rely = content_.gate().Rely();
  std::vector<absl::Status> statuses(chunks.size());
  std::vector<std::span<const uint8_t>> plain(chunks.size());
  if (plain_.size() < chunks.size()) plain_.resize(chunks.size());
  for (size_t i = 0; i < chunks.size(); ++i) {
    absl::StatusOr<std::span<const uint8_t>> found = Plain(chunks[i], &plain_[i]);
    statuses[i] = found.status();
    if (found.ok()) plain[i] = *found;
  }
  std::vector<Digest> digests(chunks.size());
  Sha256Many(plain, digests);
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (!statuses[i].ok()) continue;
    const Digest& expected = chunks[i].chunk.digest;
    statuses[i] = digests[i] == expected
                      ? Store(chunks[i], plain[i])
                      : InvalidArgument(fmt::format("chunk {}: the {} bytes sent have SHA-256 {}", expected.ToHex(),
                                                    plain[i].size(), digests[i].ToHex()));
  }
  return statuses;
}

absl::Status ChunkIntake::Sync() {
  std::optional<Unsynced> unsynced;
  {
    std::lock_guard lock(mutex_);
    unsynced = std::exchange(unsynced_, std::nullopt);
  }
  if (!unsynced.has_value()) return absl::OkStatus();
  auto rely = content_.gate().Rely();
  PLUMB_RETURN_IF_ERROR(content_.chunks().Sync(unsynced->newest));
  // The newest may have come after a failure that the oldest fell to.
  return content_.chunks().Sync(unsynced->oldest);
}

absl::StatusOr<std::span<const uint8_t>> ChunkIntake::Plain(const IncomingChunk& chunk, std::vector<uint8_t>* buffer) {
  if (!chunk.is_frame) return std::span<const uint8_t>(chunk.bytes);
  PLUMB_ASSIGN_OR_RETURN(FrameHeader header, ParseFrameHeader(chunk.bytes));
  if (header.plain_bytes != chunk.chunk.size_bytes) {
    return InvalidArgument(fmt::format("chunk {} has {} bytes, its frame says {}", chunk.chunk.digest.ToHex(),
                                       chunk.chunk.size_bytes, header.plain_bytes));
  }
  std::span<const uint8_t> base;
  if (header.base.has_value()) {
    base_.resize(header.plain_bytes);
    absl::Status read = content_.chunks().Read(*header.base, base_);
    if (!read.ok()) {
      return absl::FailedPreconditionError(
          fmt::format("chunk {} was sent as the difference from chunk {}, which cannot be read here: {}",
                      chunk.chunk.digest.ToHex(), header.base->ToHex(), Message(read)));
    }
    base = base_;
  }
  buffer->resize(header.plain_bytes);
  absl::Status decoded = decoder_.Decode(chunk.bytes, base, *buffer);
  if (decoded.ok()) return std::span<const uint8_t>(*buffer);
  return InvalidArgument(
      fmt::format("chunk {}: its frame is damaged: {}", chunk.chunk.digest.ToHex(), Message(decoded)));
}

absl::Status ChunkIntake::Store(const IncomingChunk& chunk, std::span<const uint8_t> plain) {
  std::span<const uint8_t> frame = Difference(chunk, plain);
  if (frame.empty()) frame = chunk.is_frame ? chunk.bytes : encoder_.Encode(plain, chunk.elements);
  PLUMB_ASSIGN_OR_RETURN(ChunkStore::Ticket ticket, content_.chunks().Put(chunk.chunk.digest, frame));
  if (ticket == ChunkStore::kDurable) return absl::OkStatus();
  std::lock_guard lock(mutex_);
  if (!unsynced_.has_value()) unsynced_ = Unsynced{ticket, ticket};
  unsynced_->oldest = std::min(unsynced_->oldest, ticket);
  unsynced_->newest = std::max(unsynced_->newest, ticket);
  return absl::OkStatus();
}

std::span<const uint8_t> ChunkIntake::Difference(const IncomingChunk& chunk, std::span<const uint8_t> plain) {
  if (!chunk.similar.has_value() || *chunk.similar == chunk.chunk.digest) return {};
  if (chunk.is_frame && ParseFrameHeader(chunk.bytes)->base.has_value()) return {};
  absl::StatusOr<std::optional<ChunkInfo>> base = content_.chunks().Find(*chunk.similar);
  bool usable = base.ok() && base->has_value() && (*base)->size_bytes == chunk.chunk.size_bytes &&
                (*base)->depth < limits::kDifferenceDepthMax;
  if (!usable) return {};
  base_.resize(chunk.chunk.size_bytes);
  if (!content_.chunks().Read(*chunk.similar, base_).ok()) return {};
  std::span<const uint8_t> frame =
      encoder_.Encode(plain, chunk.elements, FrameEncoder::Base{.digest = *chunk.similar, .plain = base_});
  return !chunk.is_frame || frame.size() < chunk.bytes.size() ? frame : std::span<const uint8_t>();
}

}  // namespace plumb
