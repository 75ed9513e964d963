// plumb.v1.CatalogueService over gRPC.
#ifndef PLUMB_REGISTRY_SERVICE_CATALOGUE_SERVICE_H_
#define PLUMB_REGISTRY_SERVICE_CATALOGUE_SERVICE_H_

#include <string>

#include "plumb/v1/catalogue.grpc.pb.h"
#include "registry/catalogue/journal.h"
#include "registry/catalogue/reader.h"
#include "registry/service/gatekeeper.h"
#include "registry/service/service_limits.h"

namespace plumb {

// Does what plumb/v1/catalogue.proto promises. Thread-safe.
class CatalogueService final : public v1::CatalogueService::Service {
 public:
  // The references must outlive the service. `capabilities` is what GetCapabilities answers.
  CatalogueService(const Reader* reader, const Journal* journal, const Gatekeeper* gatekeeper,
                   v1::Capabilities capabilities, const ServiceLimits& limits)
      : reader_(*reader),
        journal_(*journal),
        gatekeeper_(*gatekeeper),
        capabilities_(std::move(capabilities)),
        watchers_(limits.watchers_max, "watchers") {}

  grpc::Status GetCapabilities(grpc::ServerContext* context, const v1::GetCapabilitiesRequest* request,
                               v1::Capabilities* response) override;
  grpc::Status Resolve(grpc::ServerContext* context, const v1::ResolveRequest* request, v1::Release* response) override;
  grpc::Status GetManifest(grpc::ServerContext* context, const v1::GetManifestRequest* request,
                           v1::GetManifestResponse* response) override;
  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status SearchModels(grpc::ServerContext* context, const v1::SearchModelsRequest* request,
                            v1::ListModelsResponse* response) override;
  grpc::Status ListReleases(grpc::ServerContext* context, const v1::ListReleasesRequest* request,
                            v1::ListReleasesResponse* response) override;
  grpc::Status ListTags(grpc::ServerContext* context, const v1::ListTagsRequest* request,
                        v1::ListTagsResponse* response) override;
  grpc::Status ListTagHistory(grpc::ServerContext* context, const v1::ListTagHistoryRequest* request,
                              v1::ListTagHistoryResponse* response) override;
  grpc::Status ListEvents(grpc::ServerContext* context, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::Event>* writer) override;

 private:
  absl::StatusOr<v1::ListEventsResponse> Events(const v1::ListEventsRequest& request) const;
  absl::Status Follow(grpc::ServerContext* context, uint64_t after, grpc::ServerWriter<v1::Event>* writer) const;

  const Reader& reader_;
  const Journal& journal_;
  const Gatekeeper& gatekeeper_;
  const v1::Capabilities capabilities_;
  Slots watchers_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_CATALOGUE_SERVICE_H_
