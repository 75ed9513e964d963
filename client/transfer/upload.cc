#include "client/transfer/upload.h"

#include <algorithm>
#include <unordered_map>

#include "client/transfer/upload_stream.h"
#include "client/transfer/work_queue.h"
#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

constexpr size_t kChunkListMessageMax = 8192;

// Runs streams until the queue is empty or an error is final.
void UploadWorker(rpc::Channel& channel, UploadStream* stream, WorkQueue* queue) {
  rpc::Backoff backoff(channel.retries());
  while (true) {
    uint64_t before = stream->acknowledged();
    absl::Status status = stream->Run();
    if (status.ok()) return;
    if (stream->acknowledged() > before) backoff.Reset();
    if (backoff.WaitToRetry(status)) continue;
    queue->Fail(status);
    return;
  }
}

}  // namespace

absl::Status UploadChunks(rpc::Channel& channel, std::span<const ChunkRef> chunks, int streams, const ReadChunk& read,
                          const ChunkSent& sent, const Operation& operation) {
  WorkQueue queue(chunks.size());
  int threads = std::clamp<int>(streams, 1, static_cast<int>(std::max<size_t>(1, std::min<size_t>(chunks.size(), 64))));
  if (chunks.empty()) return absl::OkStatus();
  RunOnThreads(threads, [&] {
    UploadStream stream(channel, chunks, read, sent, operation, &queue);
    UploadWorker(channel, &stream, &queue);
  });
  return queue.status();
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

absl::Status PutChunkList(rpc::Channel& channel, const ChunkList& list) {
  rpc::Backoff backoff(channel.retries());
  const std::string root = list.TreeRoot().ToBytes();
  while (true) {
    grpc::ClientContext context;
    channel.Authorize(&context);
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
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    absl::Status status = rpc::FromGrpc(writer->Finish(), channel.registry());
    if (status.ok() || !backoff.WaitToRetry(status)) return status;
  }
}

}  // namespace plumb::transfer
