// plumb.v1.AdminService over gRPC.
#ifndef PLUMB_REGISTRY_SERVICE_ADMIN_SERVICE_H_
#define PLUMB_REGISTRY_SERVICE_ADMIN_SERVICE_H_

#include "plumb/v1/admin.grpc.pb.h"
#include "registry/access/access.h"
#include "registry/catalogue/catalogue.h"
#include "registry/service/gatekeeper.h"
#include "registry/storage/partial_uploads.h"

namespace plumb {

// Does what plumb/v1/admin.proto promises, and logs each change with who made it. Thread-safe.
class AdminService final : public v1::AdminService::Service {
 public:
  // All must outlive the service.
  AdminService(Access* access, Catalogue* catalogue, PartialUploads* partials, const Gatekeeper* gatekeeper)
      : access_(*access), catalogue_(*catalogue), partials_(*partials), gatekeeper_(*gatekeeper) {}

  grpc::Status WhoAmI(grpc::ServerContext* context, const v1::WhoAmIRequest* request, v1::Token* response) override;
  grpc::Status CreateToken(grpc::ServerContext* context, const v1::CreateTokenRequest* request,
                           v1::CreateTokenResponse* response) override;
  grpc::Status ListTokens(grpc::ServerContext* context, const v1::ListTokensRequest* request,
                          v1::ListTokensResponse* response) override;
  grpc::Status RevokeToken(grpc::ServerContext* context, const v1::RevokeTokenRequest* request,
                           v1::RevokeTokenResponse* response) override;
  grpc::Status GetStats(grpc::ServerContext* context, const v1::GetStatsRequest* request, v1::Stats* response) override;
  grpc::Status CollectGarbage(grpc::ServerContext* context, const v1::CollectGarbageRequest* request,
                              grpc::ServerWriter<v1::CollectGarbageResponse>* writer) override;
  grpc::Status Fsck(grpc::ServerContext* context, const v1::FsckRequest* request,
                    grpc::ServerWriter<v1::FsckResponse>* writer) override;
  grpc::Status RebuildIndex(grpc::ServerContext* context, const v1::RebuildIndexRequest* request,
                            grpc::ServerWriter<v1::RebuildIndexResponse>* writer) override;
  grpc::Status GetCursor(grpc::ServerContext* context, const v1::GetCursorRequest* request,
                         v1::Cursor* response) override;
  grpc::Status SetCursor(grpc::ServerContext* context, const v1::SetCursorRequest* request,
                         v1::Cursor* response) override;

 private:
  absl::StatusOr<v1::CreateTokenResponse> Create(grpc::ServerContext* context, const v1::CreateTokenRequest& request);
  absl::StatusOr<v1::ListTokensResponse> List(const v1::ListTokensRequest& request) const;
  absl::Status Collect(grpc::ServerContext* context, const v1::CollectGarbageRequest& request,
                       grpc::ServerWriter<v1::CollectGarbageResponse>* writer);
  absl::Status Rebuild(grpc::ServerContext* context, grpc::ServerWriter<v1::RebuildIndexResponse>* writer);
  absl::Status Check(grpc::ServerContext* context, const v1::FsckRequest& request,
                     grpc::ServerWriter<v1::FsckResponse>* writer);

  Access& access_;
  Catalogue& catalogue_;
  PartialUploads& partials_;
  const Gatekeeper& gatekeeper_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_ADMIN_SERVICE_H_
