// plumb.v1.PublishingService over gRPC.
#ifndef PLUMB_REGISTRY_SERVICE_PUBLISHING_SERVICE_H_
#define PLUMB_REGISTRY_SERVICE_PUBLISHING_SERVICE_H_

#include "plumb/v1/publishing.grpc.pb.h"
#include "registry/catalogue/catalogue.h"
#include "registry/service/gatekeeper.h"
#include "registry/service/service_limits.h"

namespace plumb {

// Does what plumb/v1/publishing.proto promises, and logs each change with who made it. Thread-safe.
class PublishingService final : public v1::PublishingService::Service {
 public:
  // Both must outlive the service.
  PublishingService(Catalogue* catalogue, const Gatekeeper* gatekeeper, const ServiceLimits& limits)
      : catalogue_(*catalogue), gatekeeper_(*gatekeeper), commits_(limits.commits_max, "commits") {}

  grpc::Status CommitRelease(grpc::ServerContext* context, const v1::CommitReleaseRequest* request,
                             grpc::ServerWriter<v1::CommitReleaseResponse>* writer) override;
  grpc::Status SetTag(grpc::ServerContext* context, const v1::SetTagRequest* request,
                      v1::SetTagResponse* response) override;
  grpc::Status Yank(grpc::ServerContext* context, const v1::YankRequest* request, v1::YankResponse* response) override;

 private:
  absl::Status Commit(grpc::ServerContext* context, const v1::CommitReleaseRequest& request,
                      grpc::ServerWriter<v1::CommitReleaseResponse>* writer);
  absl::StatusOr<v1::SetTagResponse> MoveTag(grpc::ServerContext* context, const v1::SetTagRequest& request);
  absl::StatusOr<v1::YankResponse> Withdraw(grpc::ServerContext* context, const v1::YankRequest& request);

  Catalogue& catalogue_;
  const Gatekeeper& gatekeeper_;
  Slots commits_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_PUBLISHING_SERVICE_H_
