// plumb.v1.ContentService over gRPC.
#ifndef PLUMB_REGISTRY_SERVICE_CONTENT_SERVICE_H_
#define PLUMB_REGISTRY_SERVICE_CONTENT_SERVICE_H_

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
  ContentService(Content* content, PartialUploads* partials, const Gatekeeper* gatekeeper, const ServiceLimits& limits)
      : content_(*content),
        partials_(*partials),
        gatekeeper_(*gatekeeper),
        uploads_(limits.uploads_max, "uploads"),
        reads_(limits.reads_max, "downloads") {}

  grpc::Status FindMissing(grpc::ServerContext* context, const v1::FindMissingRequest* request,
                           v1::FindMissingResponse* response) override;
  grpc::Status QueryChunkUpload(grpc::ServerContext* context, const v1::QueryChunkUploadRequest* request,
                                v1::QueryChunkUploadResponse* response) override;
  grpc::Status UploadChunks(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::UploadChunksResponse, v1::UploadChunksRequest>* stream) override;
  grpc::Status ReadChunks(grpc::ServerContext* context, const v1::ReadChunksRequest* request,
                          grpc::ServerWriter<v1::ReadChunksResponse>* writer) override;
  grpc::Status PutChunkList(grpc::ServerContext* context, grpc::ServerReader<v1::PutChunkListRequest>* reader,
                            v1::PutChunkListResponse* response) override;
  grpc::Status GetChunkList(grpc::ServerContext* context, const v1::GetChunkListRequest* request,
                            v1::GetChunkListResponse* response) override;

 private:
  using UploadStream = grpc::ServerReaderWriter<v1::UploadChunksResponse, v1::UploadChunksRequest>;

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
