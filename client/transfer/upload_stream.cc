#include "client/transfer/upload_stream.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "proto/wire/data_message.h"

namespace plumb::transfer {
namespace {

// Bytes in one message: a frame of our own chunks fits.
constexpr uint32_t kPieceBytes = limits::kChunkBytes + limits::kFrameHeaderBytesMax;

}  // namespace

absl::Status UploadStream::Run() {
  grpc::ClientContext context;
  channel_.Authorize(&context);
  rpc::WatchedCall call(channel_.watch(), &context, &operation_);
  std::unique_ptr<Stream> stream = channel_.UploadChunks(&context);
  item_error_ = absl::OkStatus();
  std::thread reader([&] { ReadResponses(&context, stream.get(), &call); });
  absl::Status status = SendAll(stream.get(), &call);
  if (status.ok()) {
    stream->WritesDone();
  } else {
    context.TryCancel();
  }
  reader.join();
  absl::Status finished = call.End(stream->Finish());
  std::lock_guard lock(mutex_);
  for (; !in_flight_.empty(); in_flight_.pop_back()) queue_.PutBack(std::move(in_flight_.back().chunk));
  if (status.ok()) return status;
  resume_ = true;
  // What the server said about an item, or our own error, says more than the end of the stream that it led to.
  if (absl::IsCancelled(finished) || (absl::IsUnavailable(finished) && !rpc::IsRetryable(finished))) return finished;
  if (!item_error_.ok()) return item_error_;
  return absl::IsUnavailable(status) && !finished.ok() ? finished : status;
}

absl::Status UploadStream::SendAll(Stream* stream, rpc::WatchedCall* call) {
  while (std::optional<OutgoingChunk> chunk = queue_.Pop()) {
    absl::Status status = failed() ? Unavailable("the upload stream ended") : operation_.Check();
    if (!status.ok()) {
      queue_.PutBack(*std::move(chunk));
      return status;
    }
    uint32_t offset = std::exchange(resume_, false) ? ResumeOffset(*chunk) : 0;
    {
      std::lock_guard lock(mutex_);
      in_flight_.push_back({*chunk, chunk->frame->size() - offset});
    }
    PLUMB_RETURN_IF_ERROR(SendChunk(stream, *chunk, offset, call));
    call->Owe();  // An acknowledgement.
  }
  return queue_.status();
}

absl::Status UploadStream::SendChunk(Stream* stream, const OutgoingChunk& chunk, uint32_t offset,
                                     rpc::WatchedCall* call) {
  grpc::Slice frame = wire::SliceOf(chunk.frame);
  auto frame_bytes = static_cast<uint32_t>(frame.size());
  for (bool first = true; first || offset < frame_bytes; first = false) {
    v1::UploadChunksRequest fields;
    if (first) {
      fields.mutable_chunk()->set_digest(chunk.chunk.digest.ToBytes());
      fields.mutable_chunk()->set_size_bytes(chunk.chunk.size_bytes);
      fields.set_frame_bytes(frame_bytes);
      fields.set_elements(static_cast<v1::ElementKind>(chunk.elements));
      if (chunk.similar.has_value()) fields.set_similar(chunk.similar->ToBytes());
    }
    uint32_t size = std::min(limiter_.PieceBytes(kPieceBytes), frame_bytes - offset);
    fields.set_offset(offset);
    PLUMB_RETURN_IF_ERROR(limiter_.Spend(size, operation_));
    rpc::Owed taken(call);
    if (!stream->Write(wire::WriteDataMessage(fields, frame.sub(offset, offset + size)))) {
      return Unavailable("the upload stream broke");
    }
    offset += size;
  }
  return absl::OkStatus();
}

uint32_t UploadStream::ResumeOffset(const OutgoingChunk& chunk) {
  v1::QueryChunkUploadRequest request;
  request.mutable_chunk()->set_digest(chunk.chunk.digest.ToBytes());
  request.mutable_chunk()->set_size_bytes(chunk.chunk.size_bytes);
  request.set_frame_bytes(static_cast<uint32_t>(chunk.frame->size()));
  // When nobody answers, the stream fails too, and is tried again.
  auto response =
      channel_.Call(channel_.content(), &v1::ContentService::Stub::QueryChunkUpload, request, rpc::Repeat::kNever);
  if (!response.ok() || response->complete()) return 0;
  return std::min(response->committed_bytes(), static_cast<uint32_t>(chunk.frame->size()) - 1);
}

bool UploadStream::failed() {
  std::lock_guard lock(mutex_);
  return !item_error_.ok();
}

void UploadStream::ReadResponses(grpc::ClientContext* context, Stream* stream, rpc::WatchedCall* call) {
  v1::UploadChunksResponse response;
  absl::Status status;
  while (status.ok() && stream->Read(&response)) {
    call->Give();
    status = HandleResponse(response);
  }
  if (!status.ok()) context->TryCancel();
  while (stream->Read(&response)) continue;  // Drain, so that the stream can end.
  std::lock_guard lock(mutex_);
  if (status.ok() && !in_flight_.empty()) {
    status = Unavailable(fmt::format("the registry at {} ended an upload early", channel_.registry()));
  }
  item_error_ = status;
  // The sender may be waiting for work: these give it some, and it finds the stream over.
  for (; !in_flight_.empty(); in_flight_.pop_back()) queue_.PutBack(std::move(in_flight_.back().chunk));
}

absl::Status UploadStream::HandleResponse(const v1::UploadChunksResponse& response) {
  InFlight item;
  absl::Status status = rpc::FromItem(response.status());
  {
    std::lock_guard lock(mutex_);
    if (in_flight_.empty() || in_flight_.front().chunk.chunk.digest.ToBytes() != response.digest()) {
      return Internal(fmt::format("the registry at {} acknowledged a chunk that was not sent", channel_.registry()));
    }
    item = in_flight_.front();
    if (status.ok()) {
      in_flight_.pop_front();
      ++acknowledged_;
    }
  }
  if (absl::IsInvalidArgument(status)) {
    return absl::AbortedError(
        fmt::format("chunk {} was refused: {}", item.chunk.chunk.digest.Short(), Message(status)));
  }
  PLUMB_RETURN_IF_ERROR(Annotate(status, fmt::format("registry {}", channel_.registry())));
  sent_(item.chunk.chunk, item.sent_bytes);
  queue_.Acknowledge(item.chunk);
  return absl::OkStatus();
}

}  // namespace plumb::transfer
