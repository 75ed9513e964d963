#include "registry/service/upload_session.h"

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/service/chunk_refs.h"
#include "registry/service/status.h"
#include "spdlog/spdlog.h"

namespace plumb {

absl::StatusOr<std::vector<v1::UploadChunksResponse>> UploadSession::Receive(const v1::UploadChunksRequest& message) {
  if (message.data().size() > limits::kMessageDataBytesMax) {
    return InvalidArgument(fmt::format("a message carries {} bytes of data, at most {} are allowed",
                                       message.data().size(), limits::kMessageDataBytesMax));
  }
  std::vector<v1::UploadChunksResponse> responses;
  if (message.has_chunk()) {
    if (std::optional<v1::UploadChunksResponse> cut = End()) responses.push_back(*std::move(cut));
    if (std::optional<v1::UploadChunksResponse> begun = Begin(message)) responses.push_back(*std::move(begun));
    return responses;
  }
  if (state_ == State::kIdle) return InvalidArgument("the first message of a stream must name a chunk");
  if (state_ == State::kSettled) return responses;
  if (auto done = Append(message.offset(), message.data())) responses.push_back(*std::move(done));
  return responses;
}

std::optional<v1::UploadChunksResponse> UploadSession::End() {
  if (state_ != State::kReceiving) return std::nullopt;
  KeepPartial();
  return Settle(InvalidArgument(fmt::format("chunk {} was cut off after {} of {} bytes", chunk_.digest.ToHex(),
                                            buffer_.size(), chunk_.size_bytes)),
                partials_.KeptBytes(chunk_.digest));
}

std::optional<v1::UploadChunksResponse> UploadSession::Begin(const v1::UploadChunksRequest& message) {
  state_ = State::kReceiving;
  digest_bytes_ = message.chunk().digest();
  buffer_.clear();
  hash_ = Sha256();
  absl::StatusOr<ChunkRef> chunk = ToChunkRef(message.chunk());
  if (!chunk.ok()) return Settle(chunk.status(), 0);
  chunk_ = *chunk;
  absl::StatusOr<bool> there = content_.HasChunk(chunk_);
  if (!there.ok()) return Settle(there.status(), 0);
  if (*there) return Settle(absl::OkStatus(), chunk_.size_bytes);
  if (message.offset() > 0) {
    absl::StatusOr<std::vector<uint8_t>> kept = partials_.Load(chunk_.digest);
    if (!kept.ok()) return Settle(kept.status(), 0);
    if (kept->size() < message.offset() || message.offset() >= chunk_.size_bytes) {
      return Settle(
          InvalidArgument(fmt::format("chunk {} starts at byte {}, but {} of its {} bytes are kept here",
                                      chunk_.digest.ToHex(), message.offset(), kept->size(), chunk_.size_bytes)),
          static_cast<uint32_t>(kept->size()));
    }
    buffer_ = *std::move(kept);
    buffer_.resize(message.offset());
    hash_.Update(buffer_);
  }
  return Append(message.offset(), message.data());
}

std::optional<v1::UploadChunksResponse> UploadSession::Append(uint32_t offset, const std::string& data) {
  bool fits = offset == buffer_.size() && data.size() <= chunk_.size_bytes - buffer_.size();
  if (!fits) {
    KeepPartial();
    return Settle(InvalidArgument(fmt::format(
                      "chunk {}: {} bytes at offset {}, expected offset {} and at most {} bytes", chunk_.digest.ToHex(),
                      data.size(), offset, buffer_.size(), chunk_.size_bytes - buffer_.size())),
                  partials_.KeptBytes(chunk_.digest));
  }
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  hash_.Update(AsBytes(data));
  if (buffer_.size() < chunk_.size_bytes) return std::nullopt;
  return Finish();
}

v1::UploadChunksResponse UploadSession::Finish() {
  partials_.Drop(chunk_.digest);
  Digest found = hash_.Finish();
  if (found != chunk_.digest) {
    return Settle(InvalidArgument(fmt::format("chunk {}: the {} bytes sent have SHA-256 {}", chunk_.digest.ToHex(),
                                              buffer_.size(), found.ToHex())),
                  0);
  }
  absl::Status put = content_.PutChunk(chunk_.digest, buffer_);
  if (!put.ok()) spdlog::error("chunk {} could not be kept: {}", chunk_.digest.ToHex(), Message(put));
  return Settle(put, put.ok() ? chunk_.size_bytes : 0);
}

v1::UploadChunksResponse UploadSession::Settle(const absl::Status& status, uint32_t committed_bytes) {
  state_ = State::kSettled;
  v1::UploadChunksResponse response;
  response.set_digest(digest_bytes_.substr(0, Digest::kSizeBytes));
  *response.mutable_status() = ToItemStatus(status);
  response.set_committed_bytes(committed_bytes);
  return response;
}

void UploadSession::KeepPartial() {
  // What is not kept is sent again: no reason to fail.
  absl::Status status = partials_.Keep(chunk_.digest, buffer_);
  if (!status.ok()) spdlog::warn("the beginning of a chunk was not kept: {}", Message(status));
}

}  // namespace plumb
