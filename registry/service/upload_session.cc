#include "registry/service/upload_session.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/service/chunk_refs.h"
#include "registry/service/status.h"
#include "spdlog/spdlog.h"

namespace plumb {

v1::UploadChunksResponse MakeUploadResponse(const std::string& digest_bytes, const absl::Status& status,
                                            uint32_t committed_bytes) {
  v1::UploadChunksResponse response;
  response.set_digest(digest_bytes.substr(0, Digest::kSizeBytes));
  *response.mutable_status() = ToItemStatus(status);
  response.set_committed_bytes(committed_bytes);
  return response;
}

absl::StatusOr<std::vector<UploadOutcome>> UploadSession::Receive(const v1::UploadChunksRequest& message,
                                                                  std::vector<uint8_t> data) {
  std::vector<UploadOutcome> outcomes;
  if (message.has_chunk()) {
    if (std::optional<v1::UploadChunksResponse> cut = End()) outcomes.emplace_back(*std::move(cut));
    if (auto begun = Begin(message, std::move(data))) outcomes.push_back(*std::move(begun));
    return outcomes;
  }
  if (state_ == State::kIdle) return InvalidArgument("the first message of a stream must name a chunk");
  if (state_ == State::kSettled) return outcomes;
  if (auto done = Append(message.offset(), std::move(data))) outcomes.push_back(*std::move(done));
  return outcomes;
}

std::optional<v1::UploadChunksResponse> UploadSession::End() {
  if (state_ != State::kReceiving) return std::nullopt;
  KeepPartial();
  return Settle(InvalidArgument(fmt::format("chunk {} was cut off after {} of {} bytes", incoming_.chunk.digest.ToHex(),
                                            incoming_.bytes.size(), expected_bytes_)),
                partials_.KeptBytes(PartialKey()));
}

absl::Status UploadSession::ReadStart(const v1::UploadChunksRequest& message) {
  PLUMB_ASSIGN_OR_RETURN(incoming_.chunk, ToChunkRef(message.chunk()));
  if (message.frame_bytes() > incoming_.chunk.size_bytes + limits::kFrameHeaderBytesMax) {
    return InvalidArgument(fmt::format("the frame of chunk {} has {} bytes, the chunk {}",
                                       incoming_.chunk.digest.ToHex(), message.frame_bytes(),
                                       incoming_.chunk.size_bytes));
  }
  incoming_.is_frame = message.frame_bytes() > 0;
  expected_bytes_ = incoming_.is_frame ? message.frame_bytes() : incoming_.chunk.size_bytes;
  incoming_.elements = ToElementKind(message.elements());
  if (message.similar().empty()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(incoming_.similar, Digest::FromBytes(message.similar()));
  return absl::OkStatus();
}

std::optional<UploadOutcome> UploadSession::Begin(const v1::UploadChunksRequest& message, std::vector<uint8_t> data) {
  state_ = State::kReceiving;
  digest_bytes_ = message.chunk().digest();
  incoming_ = IncomingChunk();
  if (absl::Status status = ReadStart(message); !status.ok()) return Settle(status, 0);
  absl::StatusOr<bool> there = content_.HasChunk(incoming_.chunk);
  if (!there.ok()) return Settle(there.status(), 0);
  if (*there) return Settle(absl::OkStatus(), expected_bytes_);
  if (message.offset() > 0) {
    if (std::optional<UploadOutcome> refused = Resume(message.offset())) return refused;
  }
  return Append(message.offset(), std::move(data));
}

std::optional<UploadOutcome> UploadSession::Resume(uint32_t offset) {
  absl::StatusOr<std::vector<uint8_t>> kept = partials_.Load(PartialKey());
  if (!kept.ok()) return Settle(kept.status(), 0);
  if (kept->size() < offset || offset >= expected_bytes_) {
    return Settle(InvalidArgument(fmt::format("chunk {} starts at byte {}, but {} of its {} bytes are kept here",
                                              incoming_.chunk.digest.ToHex(), offset, kept->size(), expected_bytes_)),
                  static_cast<uint32_t>(kept->size()));
  }
  incoming_.bytes = *std::move(kept);
  incoming_.bytes.resize(offset);
  return std::nullopt;
}

std::optional<UploadOutcome> UploadSession::Append(uint32_t offset, std::vector<uint8_t> data) {
  std::vector<uint8_t>& bytes = incoming_.bytes;
  if (offset != bytes.size() || data.size() > expected_bytes_ - bytes.size()) {
    KeepPartial();
    return Settle(
        InvalidArgument(fmt::format("chunk {}: {} bytes at offset {}, expected offset {} and at most {} bytes",
                                    incoming_.chunk.digest.ToHex(), data.size(), offset, bytes.size(),
                                    expected_bytes_ - bytes.size())),
        partials_.KeptBytes(PartialKey()));
  }
  if (bytes.empty()) {
    bytes = std::move(data);
  } else {
    bytes.insert(bytes.end(), data.begin(), data.end());
  }
  if (bytes.size() < expected_bytes_) return std::nullopt;
  partials_.Drop(PartialKey());
  state_ = State::kSettled;
  return std::move(incoming_);
}

v1::UploadChunksResponse UploadSession::Settle(const absl::Status& status, uint32_t committed_bytes) {
  state_ = State::kSettled;
  return MakeUploadResponse(digest_bytes_, status, committed_bytes);
}

void UploadSession::KeepPartial() {
  // What is not kept is sent again: no reason to fail.
  absl::Status status = partials_.Keep(PartialKey(), incoming_.bytes);
  if (!status.ok()) spdlog::warn("the beginning of a chunk was not kept: {}", Message(status));
}

}  // namespace plumb
