#include "client/transfer/upload_stream.h"

#include <algorithm>
#include <thread>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

// Chunks sent and not yet acknowledged on one stream.
constexpr size_t kWindow = 4;
// Bytes in one message; smaller than a chunk, so that a broken stream loses less than one.
constexpr uint32_t kPieceBytes = 256u << 10;

}  // namespace

absl::Status UploadStream::Run() {
  grpc::ClientContext context;
  channel_.Authorize(&context);
  std::unique_ptr<Stream> stream = channel_.content().UploadChunks(&context);
  {
    std::lock_guard lock(mutex_);
    item_error_ = absl::OkStatus();
    reading_ = true;
  }
  std::thread reader([&] { ReadResponses(stream.get()); });
  absl::Status status = SendAll(stream.get());
  if (status.ok()) {
    stream->WritesDone();
  } else {
    context.TryCancel();
  }
  reader.join();
  absl::Status finished = rpc::FromGrpc(stream->Finish(), channel_.registry());
  std::lock_guard lock(mutex_);
  // What the server said about an item, or our own error, says more than the end of the stream that it led to.
  if (!item_error_.ok()) status = item_error_;
  if (status.ok() || absl::IsUnavailable(status)) status = finished.ok() ? status : finished;
  if (status.ok() && !in_flight_.empty()) {
    status = Unavailable(fmt::format("the registry at {} ended an upload early", channel_.registry()));
  }
  for (; !in_flight_.empty(); in_flight_.pop_back()) queue_->PutBack(in_flight_.back().index);
  resume_ = !status.ok();
  return status;
}

absl::Status UploadStream::SendAll(Stream* stream) {
  while (true) {
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    if (!WaitForWindow()) return Unavailable("the upload stream ended");
    std::optional<size_t> index = queue_->Take();
    if (!index.has_value()) return absl::OkStatus();
    uint32_t offset = resume_ ? ResumeOffset(*index) : 0;
    resume_ = false;
    {
      std::lock_guard lock(mutex_);
      in_flight_.push_back({*index, chunks_[*index].size_bytes - offset});
    }
    PLUMB_RETURN_IF_ERROR(SendChunk(stream, *index, offset));
  }
}

absl::Status UploadStream::SendChunk(Stream* stream, size_t index, uint32_t offset) {
  const ChunkRef& chunk = chunks_[index];
  buffer_.resize(chunk.size_bytes);
  PLUMB_RETURN_IF_ERROR(read_(index, buffer_));
  bool first = true;
  // A chunk that is there in full still needs one message to be asked about.
  while (first || offset < chunk.size_bytes) {
    v1::UploadChunksRequest request;
    if (first) {
      request.mutable_chunk()->set_digest(chunk.digest.ToBytes());
      request.mutable_chunk()->set_size_bytes(chunk.size_bytes);
    }
    uint32_t size = std::min(kPieceBytes, chunk.size_bytes - offset);
    request.set_offset(offset);
    request.set_data(buffer_.data() + offset, size);
    if (!stream->Write(request)) return Unavailable("the upload stream broke");
    offset += size;
    first = false;
  }
  return absl::OkStatus();
}

uint32_t UploadStream::ResumeOffset(size_t index) {
  v1::QueryChunkUploadRequest request;
  request.mutable_chunk()->set_digest(chunks_[index].digest.ToBytes());
  request.mutable_chunk()->set_size_bytes(chunks_[index].size_bytes);
  auto response = channel_.Call(channel_.content(), &v1::ContentService::Stub::QueryChunkUpload, request);
  if (!response.ok() || response->complete()) return 0;
  return std::min(response->committed_bytes(), chunks_[index].size_bytes - 1);
}

bool UploadStream::WaitForWindow() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return in_flight_.size() < kWindow || !reading_; });
  return reading_;
}

void UploadStream::ReadResponses(Stream* stream) {
  v1::UploadChunksResponse response;
  bool good = true;
  while (stream->Read(&response)) {
    if (!good) continue;  // Drain, so that the stream can end.
    absl::Status status = HandleResponse(response);
    if (status.ok()) continue;
    good = false;
    std::lock_guard lock(mutex_);
    item_error_ = status;
    reading_ = false;
    changed_.notify_all();
  }
  std::lock_guard lock(mutex_);
  reading_ = false;
  changed_.notify_all();
}

absl::Status UploadStream::HandleResponse(const v1::UploadChunksResponse& response) {
  InFlight item{};
  {
    std::lock_guard lock(mutex_);
    if (in_flight_.empty() || chunks_[in_flight_.front().index].digest.ToBytes() != response.digest()) {
      return Internal(fmt::format("the registry at {} acknowledged a chunk that was not sent", channel_.registry()));
    }
    item = in_flight_.front();
    if (response.status().code() == 0) {
      in_flight_.pop_front();
      ++acknowledged_;
      changed_.notify_all();
    }
  }
  absl::Status status = rpc::FromItem(response.status());
  if (absl::IsInvalidArgument(status)) {
    return absl::AbortedError(fmt::format("chunk {} was refused, its file probably changed while it was being sent: {}",
                                          chunks_[item.index].digest.Short(), Message(status)));
  }
  PLUMB_RETURN_IF_ERROR(Annotate(status, fmt::format("registry {}", channel_.registry())));
  sent_(item.index, item.sent_bytes);
  return absl::OkStatus();
}

}  // namespace plumb::transfer
