#include "registry/service/content_service.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "registry/service/chunk_reader.h"
#include "registry/service/chunk_refs.h"
#include "registry/service/status.h"
#include "registry/service/upload_session.h"

namespace plumb {

grpc::Status ContentService::FindMissing(grpc::ServerContext* context, const v1::FindMissingRequest* request,
                                         v1::FindMissingResponse* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishAnywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply(Find(*request), response);
}

absl::StatusOr<v1::FindMissingResponse> ContentService::Find(const v1::FindMissingRequest& request) {
  uint64_t items = static_cast<uint64_t>(request.digests_size()) + static_cast<uint64_t>(request.tree_roots_size());
  if (items > limits::kBatchItemsMax) {
    return InvalidArgument(fmt::format("{} items in one call, at most {} are allowed", items, limits::kBatchItemsMax));
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<Digest> digests, ToDigests(request.digests()));
  PLUMB_ASSIGN_OR_RETURN(std::vector<Digest> roots, ToDigests(request.tree_roots()));
  v1::FindMissingResponse response;
  PLUMB_ASSIGN_OR_RETURN(std::vector<Digest> missing, content_.TouchChunks(digests));
  for (const Digest& digest : missing) response.add_digests(digest.ToBytes());
  PLUMB_ASSIGN_OR_RETURN(missing, content_.lists().Touch(roots));
  for (const Digest& root : missing) response.add_tree_roots(root.ToBytes());
  return response;
}

grpc::Status ContentService::QueryChunkUpload(grpc::ServerContext* context, const v1::QueryChunkUploadRequest* request,
                                              v1::QueryChunkUploadResponse* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishAnywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<ChunkRef> chunk = ToChunkRef(request->chunk());
  if (!chunk.ok()) return ToGrpcStatus(chunk.status());
  absl::StatusOr<bool> there = content_.HasChunk(*chunk);
  if (!there.ok()) return ToGrpcStatus(there.status());
  response->set_complete(*there);
  uint32_t kept = partials_.KeptBytes(chunk->digest);
  response->set_committed_bytes(*there ? chunk->size_bytes : kept < chunk->size_bytes ? kept : 0);
  return grpc::Status::OK;
}

grpc::Status ContentService::UploadChunks(grpc::ServerContext* context, UploadStream* stream) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishAnywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<Slots::Lease> slot = uploads_.Take();
  if (!slot.ok()) return ToGrpcStatus(slot.status());
  return ToGrpcStatus(Upload(stream));
}

absl::Status ContentService::Upload(UploadStream* stream) {
  UploadSession session(&content_, &partials_);
  v1::UploadChunksRequest message;
  while (stream->Read(&message)) {
    PLUMB_ASSIGN_OR_RETURN(std::vector<v1::UploadChunksResponse> responses, session.Receive(message));
    for (const v1::UploadChunksResponse& response : responses) {
      if (stream->Write(response)) continue;
      session.End();
      return absl::CancelledError("the caller is gone");
    }
  }
  // When the connection broke there is nobody to hear it, but the bytes are kept all the same.
  if (std::optional<v1::UploadChunksResponse> cut = session.End()) stream->Write(*cut);
  return absl::OkStatus();
}

grpc::Status ContentService::ReadChunks(grpc::ServerContext* context, const v1::ReadChunksRequest* request,
                                        grpc::ServerWriter<v1::ReadChunksResponse>* writer) {
  auto caller = gatekeeper_.Admit(*context, Scope::Read());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<Slots::Lease> slot = reads_.Take();
  if (!slot.ok()) return ToGrpcStatus(slot.status());
  return ToGrpcStatus(SendChunks(*request, content_.chunks(), [&](const v1::ReadChunksResponse& message) {
    return !context->IsCancelled() && writer->Write(message);
  }));
}

grpc::Status ContentService::PutChunkList(grpc::ServerContext* context,
                                          grpc::ServerReader<v1::PutChunkListRequest>* reader,
                                          v1::PutChunkListResponse* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishAnywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<Slots::Lease> slot = uploads_.Take();
  if (!slot.ok()) return ToGrpcStatus(slot.status());
  absl::StatusOr<v1::PutChunkListResponse> result = Put(reader);
  if (context->IsCancelled()) return {grpc::StatusCode::CANCELLED, "the caller is gone"};
  return Reply(std::move(result), response);
}

absl::StatusOr<v1::PutChunkListResponse> ContentService::Put(grpc::ServerReader<v1::PutChunkListRequest>* reader) {
  v1::PutChunkListRequest message;
  std::unique_ptr<ChunkLists::Writer> writer;
  while (reader->Read(&message)) {
    if (writer == nullptr) {
      PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(message.tree_root()));
      PLUMB_ASSIGN_OR_RETURN(writer, content_.lists().Write(root));
    }
    if (static_cast<uint32_t>(message.chunks_size()) > limits::kBatchItemsMax) {
      return InvalidArgument(fmt::format("{} chunks in one message, at most {} are allowed", message.chunks_size(),
                                         limits::kBatchItemsMax));
    }
    for (const v1::Chunk& chunk : message.chunks()) {
      PLUMB_ASSIGN_OR_RETURN(ChunkRef ref, ToChunkRef(chunk));
      PLUMB_RETURN_IF_ERROR(writer->Append(ref));
    }
  }
  if (writer == nullptr) return InvalidArgument("no message came; the first names the tree root");
  PLUMB_ASSIGN_OR_RETURN(ChunkListInfo info, writer->Finish());
  v1::PutChunkListResponse response;
  response.set_chunk_count(info.chunk_count);
  response.set_size_bytes(info.size_bytes);
  return response;
}

grpc::Status ContentService::GetChunkList(grpc::ServerContext* context, const v1::GetChunkListRequest* request,
                                          v1::GetChunkListResponse* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::Read());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply(Get(*request), response);
}

absl::StatusOr<v1::GetChunkListResponse> ContentService::Get(const v1::GetChunkListRequest& request) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(request.tree_root()));
  PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, content_.lists().Find(root));
  if (!info.has_value()) return NotFound(fmt::format("no chunk list with the tree root {}", root.ToHex()));
  uint32_t limit =
      request.limit() == 0 ? limits::kChunkListPageMax : std::min(request.limit(), limits::kChunkListPageMax);
  PLUMB_ASSIGN_OR_RETURN(std::vector<ChunkRef> chunks, content_.lists().Read(root, request.first(), limit));
  v1::GetChunkListResponse response;
  response.set_chunk_count(info->chunk_count);
  for (const ChunkRef& chunk : chunks) *response.add_chunks() = ToMessage(chunk);
  return response;
}

}  // namespace plumb
