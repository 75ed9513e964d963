#include "client/transfer/upload.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "client/transfer/upload_stream.h"
#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

constexpr size_t kChunkListMessageMax = 8192;

}  // namespace

Uploader::Uploader(rpc::Channel& channel, const UploadOptions& options, ChunkSent sent, const Operation& operation)
    : channel_(channel),
      sent_(std::move(sent)),
      operation_(operation),
      limiter_(options.bytes_per_second),
      queue_(options.memory_bytes) {
  for (int i = 0; i < std::clamp(options.streams, 1, 64); ++i) threads_.emplace_back([this] { Work(); });
}

Uploader::~Uploader() {
  queue_.Fail(absl::CancelledError("the upload was given up"));
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

absl::Status Uploader::Add(OutgoingChunk chunk) { return queue_.Push(std::move(chunk)); }

absl::Status Uploader::Finish() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
  return queue_.status();
}

void Uploader::Work() {
  UploadStream stream(channel_, sent_, operation_, &limiter_, &queue_);
  rpc::Backoff backoff = channel_.NewBackoff(&operation_);
  // A stream is opened when there is something to send.
  while (std::optional<OutgoingChunk> chunk = queue_.Pop()) {
    queue_.PutBack(*std::move(chunk));
    uint64_t before = stream.acknowledged();
    absl::Status status = stream.Run();
    if (stream.acknowledged() > before) backoff.Reset();
    if (!status.ok()) status = backoff.WaitToRetry(status);
    if (!status.ok()) queue_.Fail(status);
  }
}

absl::StatusOr<std::vector<size_t>> FindMissingChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks,
                                                      uint32_t batch_items_max) {
  std::unordered_map<Digest, size_t> first_use;
  std::vector<size_t> distinct;
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (first_use.emplace(chunks[i].digest, i).second) distinct.push_back(i);
  }
  std::vector<size_t> missing;
  size_t step = std::max<uint32_t>(1, batch_items_max);
  for (size_t begin = 0; begin < distinct.size(); begin += step) {
    v1::FindMissingRequest request;
    for (size_t i = begin; i < std::min(begin + step, distinct.size()); ++i) {
      request.add_digests(chunks[distinct[i]].digest.ToBytes());
    }
    PLUMB_ASSIGN_OR_RETURN(v1::FindMissingResponse response,
                           channel.Call(channel.content(), &v1::ContentService::Stub::FindMissing, request));
    for (const std::string& bytes : response.digests()) {
      PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(bytes));
      auto use = first_use.find(digest);
      if (use == first_use.end()) return Internal("the registry misses a chunk that was not asked about");
      missing.push_back(use->second);
    }
  }
  return missing;
}

absl::StatusOr<bool> IsChunkListMissing(rpc::Channel& channel, const Digest& tree_root) {
  v1::FindMissingRequest request;
  request.add_tree_roots(tree_root.ToBytes());
  PLUMB_ASSIGN_OR_RETURN(v1::FindMissingResponse response,
                         channel.Call(channel.content(), &v1::ContentService::Stub::FindMissing, request));
  return response.tree_roots_size() > 0;
}

namespace {

absl::Status PutChunkListOnce(rpc::Channel& channel, const ChunkList& list, const std::string& root) {
  grpc::ClientContext context;
  channel.Authorize(&context);
  rpc::WatchedCall call(channel.watch(), &context, nullptr);
  rpc::Owed answer(&call);
  v1::PutChunkListResponse response;
  auto writer = channel.content().PutChunkList(&context, &response);
  for (size_t begin = 0; begin == 0 || begin < list.size(); begin += kChunkListMessageMax) {
    v1::PutChunkListRequest request;
    if (begin == 0) request.set_tree_root(root);
    for (size_t i = begin; i < std::min(begin + kChunkListMessageMax, list.size()); ++i) {
      v1::Chunk* chunk = request.add_chunks();
      chunk->set_digest(list.chunks()[i].digest.ToBytes());
      chunk->set_size_bytes(list.chunks()[i].size_bytes);
    }
    rpc::Owed taken(&call);
    if (!writer->Write(request)) break;
  }
  writer->WritesDone();
  return call.End(writer->Finish());
}

}  // namespace

absl::Status PutChunkList(rpc::Channel& channel, const ChunkList& list) {
  rpc::Backoff backoff = channel.NewBackoff(nullptr);
  const std::string root = list.TreeRoot().ToBytes();
  while (true) {
    absl::Status status = PutChunkListOnce(channel, list, root);
    if (status.ok()) {
      backoff.Reset();
      return status;
    }
    PLUMB_RETURN_IF_ERROR(backoff.WaitToRetry(status));
  }
}

}  // namespace plumb::transfer
