#include "client/transfer/frame_fetcher.h"

#include <memory>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "proto/wire/data_message.h"

namespace plumb::transfer {
namespace {

v1::ReadChunksRequest MakeRequest(std::span<const WantedChunk> wanted, const std::optional<Digest>& partial_of,
                                  size_t partial_bytes) {
  v1::ReadChunksRequest request;
  request.set_frames(true);
  for (const WantedChunk& want : wanted) {
    v1::ChunkRange* range = request.add_ranges();
    range->mutable_chunk()->set_digest(want.chunk.digest.ToBytes());
    range->mutable_chunk()->set_size_bytes(want.chunk.size_bytes);
    if (want.have.has_value()) range->set_have(want.have->ToBytes());
    if (partial_of == want.chunk.digest) range->set_offset(static_cast<uint32_t>(partial_bytes));
  }
  return request;
}

}  // namespace

absl::Status FrameFetcher::Fetch(std::span<const WantedChunk> wanted, const Handler& handler) {
  PLUMB_RETURN_IF_ERROR(operation_.Check());
  grpc::ClientContext context;
  channel_.Authorize(&context);
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return absl::CancelledError("the download was stopped");
    running_ = &context;
  }
  rpc::WatchedCall call(channel_.watch(), &context, &operation_);
  auto reader = channel_.ReadChunks(&context, MakeRequest(wanted, partial_of_, partial_.bytes.size()));
  absl::Status status = ReadAll(wanted, handler, reader.get(), &call);
  if (!status.ok()) context.TryCancel();
  absl::Status finished = call.End(reader->Finish());
  std::lock_guard lock(mutex_);
  running_ = nullptr;
  if (!status.ok()) return status;
  PLUMB_RETURN_IF_ERROR(finished);
  // The server ended well but left something out: only a retry is left, and not for ever.
  return handled_ == wanted.size() ? absl::OkStatus() : Unavailable("the registry ended a download early");
}

absl::Status FrameFetcher::ReadAll(std::span<const WantedChunk> wanted, const Handler& handler, Reader* reader,
                                   rpc::WatchedCall* call) {
  handled_ = 0;
  grpc::ByteBuffer message;
  while (true) {
    {
      rpc::Owed next(call);
      if (!reader->Read(&message)) return absl::OkStatus();
    }
    PLUMB_RETURN_IF_ERROR(limiter_.Spend(message.Length(), operation_));
    PLUMB_RETURN_IF_ERROR(HandleMessage(wanted, &message, handler));
  }
}

absl::Status FrameFetcher::HandleMessage(std::span<const WantedChunk> wanted, grpc::ByteBuffer* message,
                                         const Handler& handler) {
  v1::ReadChunksResponse fields;
  std::vector<uint8_t> data;
  if (!wire::ReadDataMessage(message, limits::kMessageDataBytesMax, &fields, &data)) {
    return Internal("the registry sent a message that cannot be read, or more bytes than a chunk has");
  }
  if (fields.index() >= wanted.size()) return Internal("the registry sent a chunk that was not asked for");
  const ChunkRef& chunk = wanted[fields.index()].chunk;
  if (fields.status().code() != 0) {
    ++handled_;
    return handler(fields.index(),
                   Annotate(rpc::FromItem(fields.status()), fmt::format("registry {}", channel_.registry())));
  }
  if (partial_of_ != chunk.digest) partial_ = FetchedChunk();
  partial_of_ = chunk.digest;
  partial_.is_frame = fields.frame_bytes() > 0;
  uint64_t expected = partial_.is_frame ? fields.frame_bytes() : chunk.size_bytes;
  bool fits = expected <= uint64_t{chunk.size_bytes} + limits::kFrameHeaderBytesMax &&
              fields.offset() == partial_.bytes.size() && data.size() <= expected - partial_.bytes.size();
  if (!fits) {
    partial_of_.reset();
    return Internal(fmt::format("the registry sent bytes of chunk {} out of order", chunk.digest.Short()));
  }
  if (partial_.bytes.empty()) {
    partial_.bytes = std::move(data);
  } else {
    partial_.bytes.insert(partial_.bytes.end(), data.begin(), data.end());
  }
  if (!fields.last() && partial_.bytes.size() < expected) return absl::OkStatus();
  partial_of_.reset();
  ++handled_;
  return handler(fields.index(), std::exchange(partial_, FetchedChunk()));
}

void FrameFetcher::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  if (running_ != nullptr) running_->TryCancel();
}

}  // namespace plumb::transfer
