// plumb.v1.ContentService over gRPC.
#ifndef PLUMB_REGISTRY_SERVICE_CONTENT_SERVICE_H_
#define PLUMB_REGISTRY_SERVICE_CONTENT_SERVICE_H_

#include "grpcpp/support/byte_buffer.h"
#include "plumb/v1/content.grpc.pb.h"
#include "registry/catalogue/content.h"
#include "registry/service/gatekeeper.h"
#include "registry/service/service_limits.h"
#include "registry/storage/partial_uploads.h"

namespace plumb {

// Does what plumb/v1/content.proto promises. Thread-safe.
class ContentService final : public v1::ContentService::Service {
 public:
  // All must outlive the service.
  ContentService(Content* content, PartialUploads* partials, const Gatekeeper* gatekeeper, const ServiceLimits& limits);

  grpc::Status FindMissing(grpc::ServerContext* context, const v1::FindMissingRequest* request,
                           v1::FindMissingResponse* response) override;
  grpc::Status QueryChunkUpload(grpc::ServerContext* context, const v1::QueryChunkUploadRequest* request,
                                v1::QueryChunkUploadResponse* response) override;
  grpc::Status PutChunkList(grpc::ServerContext* context, grpc::ServerReader<v1::PutChunkListRequest>* reader,
                            v1::PutChunkListResponse* response) override;
  grpc::Status GetChunkList(grpc::ServerContext* context, const v1::GetChunkListRequest* request,
                            v1::GetChunkListResponse* response) override;

 private:
  // The two methods that carry chunk data, as raw messages (proto/wire); they stand in for the generated ones.
  using UploadStream = grpc::ServerReaderWriter<v1::UploadChunksResponse, grpc::ByteBuffer>;
  using ReadStream = grpc::ServerReaderWriter<grpc::ByteBuffer, v1::ReadChunksRequest>;
  grpc::Status UploadRaw(grpc::ServerContext* context, UploadStream* stream);
  grpc::Status ReadRaw(grpc::ServerContext* context, ReadStream* stream);

  absl::StatusOr<v1::FindMissingResponse> Find(const v1::FindMissingRequest& request);
  absl::Status Upload(UploadStream* stream);
  absl::StatusOr<v1::PutChunkListResponse> Put(grpc::ServerReader<v1::PutChunkListRequest>* reader);
  absl::StatusOr<v1::GetChunkListResponse> Get(const v1::GetChunkListRequest& request);

  Content& content_;
  PartialUploads& partials_;
  const Gatekeeper& gatekeeper_;
  Slots uploads_;
  Slots reads_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_CONTENT_SERVICE_H_
