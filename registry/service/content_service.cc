#include "registry/service/content_service.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "proto/wire/data_message.h"
#include "registry/service/chunk_reader.h"
#include "registry/service/chunk_refs.h"
#include "registry/service/status.h"
#include "registry/service/upload_pipeline.h"
#include "registry/service/upload_session.h"

namespace plumb {
namespace {

// The place of a method in its service, by which gRPC knows it.
int MethodIndex(std::string_view name) {
  const auto* service = v1::FindMissingRequest::descriptor()->file()->FindServiceByName("ContentService");
  return service->FindMethodByName(std::string(name))->index();
}

}  // namespace

ContentService::ContentService(Content* content, PartialUploads* partials, const Gatekeeper* gatekeeper,
                               const ServiceLimits& limits)
    : content_(*content),
      partials_(*partials),
      gatekeeper_(*gatekeeper),
      uploads_(limits.uploads_max, "uploads"),
      reads_(limits.reads_max, "downloads") {
  MarkMethodStreamed(
      MethodIndex("UploadChunks"),
      new grpc::internal::BidiStreamingHandler<ContentService, grpc::ByteBuffer, v1::UploadChunksResponse>(
          std::mem_fn(&ContentService::UploadRaw), this));
  MarkMethodStreamed(MethodIndex("ReadChunks"),
                     new grpc::internal::BidiStreamingHandler<ContentService, v1::ReadChunksRequest, grpc::ByteBuffer>(
                         std::mem_fn(&ContentService::ReadRaw), this));
}

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
  uint32_t total = request->frame_bytes() > 0 ? request->frame_bytes() : chunk->size_bytes;
  uint32_t kept = partials_.KeptBytes({chunk->digest, request->frame_bytes()});
  response->set_committed_bytes(*there ? total : kept < total ? kept : 0);
  return grpc::Status::OK;
}

grpc::Status ContentService::UploadRaw(grpc::ServerContext* context, UploadStream* stream) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishAnywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<Slots::Lease> slot = uploads_.Take();
  if (!slot.ok()) return ToGrpcStatus(slot.status());
  return ToGrpcStatus(Upload(stream));
}

absl::Status ContentService::Upload(UploadStream* stream) {
  UploadSession session(&content_, &partials_);
  UploadPipeline pipeline(&content_, [&](const v1::UploadChunksResponse& response) { return stream->Write(response); });
  grpc::ByteBuffer message;
  v1::UploadChunksRequest fields;
  std::vector<uint8_t> data;
  while (stream->Read(&message)) {
    if (!wire::ReadDataMessage(&message, limits::kMessageDataBytesMax, &fields, &data)) {
      return InvalidArgument(
          fmt::format("a message cannot be read, or carries more than {} bytes of data", limits::kMessageDataBytesMax));
    }
    PLUMB_ASSIGN_OR_RETURN(std::vector<UploadOutcome> outcomes, session.Receive(fields, std::move(data)));
    for (UploadOutcome& outcome : outcomes) {
      if (pipeline.Add(std::move(outcome))) continue;
      session.End();
      return absl::CancelledError("the caller is gone");
    }
  }
  // When the connection broke there is nobody to hear it, but the bytes are kept all the same.
  if (std::optional<v1::UploadChunksResponse> cut = session.End()) pipeline.Add(*std::move(cut));
  pipeline.Finish();
  return absl::OkStatus();
}

grpc::Status ContentService::ReadRaw(grpc::ServerContext* context, ReadStream* stream) {
  auto caller = gatekeeper_.Admit(*context, Scope::Read());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<Slots::Lease> slot = reads_.Take();
  if (!slot.ok()) return ToGrpcStatus(slot.status());
  v1::ReadChunksRequest request;
  if (!stream->Read(&request)) return ToGrpcStatus(InvalidArgument("no request came"));
  auto sink = [&](const v1::ReadChunksResponse& fields, const ChunkPayload& payload) {
    if (context->IsCancelled()) return false;
    grpc::Slice data;
    if (payload.end > payload.begin) {
      grpc::Slice whole = wire::SliceOf(payload.bytes);
      data = payload.end - payload.begin == whole.size() ? std::move(whole) : whole.sub(payload.begin, payload.end);
    }
    return stream->Write(wire::WriteDataMessage(fields, std::move(data)));
  };
  return ToGrpcStatus(SendChunks(request, content_.chunks(), sink));
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
