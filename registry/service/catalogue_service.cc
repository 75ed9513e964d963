#include "registry/service/catalogue_service.h"

#include <chrono>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/catalogue/paging.h"
#include "registry/service/status.h"

namespace plumb {
namespace {

// A watcher looks this often whether its caller is still there.
constexpr std::chrono::milliseconds kWatchInterval(200);
constexpr size_t kWatchBatch = 100;

// Answers one reading call: admits the caller, then does `work`.
template <typename Response, typename Work>
grpc::Status Read(const Gatekeeper& gatekeeper, const grpc::ServerContext& context, Response* response, Work work) {
  auto caller = gatekeeper.Admit(context, Scope::Read());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply<Response>(work(), response);
}

}  // namespace

grpc::Status CatalogueService::GetCapabilities(grpc::ServerContext*, const v1::GetCapabilitiesRequest*,
                                               v1::Capabilities* response) {
  *response = capabilities_;
  return grpc::Status::OK;
}

grpc::Status CatalogueService::Resolve(grpc::ServerContext* context, const v1::ResolveRequest* request,
                                       v1::Release* response) {
  return Read(gatekeeper_, *context, response, [&] { return reader_.Resolve(*request); });
}

grpc::Status CatalogueService::GetManifest(grpc::ServerContext* context, const v1::GetManifestRequest* request,
                                           v1::GetManifestResponse* response) {
  return Read(gatekeeper_, *context, response, [&]() -> absl::StatusOr<v1::GetManifestResponse> {
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(request->digest()));
    v1::GetManifestResponse answer;
    PLUMB_ASSIGN_OR_RETURN(*answer.mutable_manifest(), reader_.GetManifest(digest));
    return answer;
  });
}

grpc::Status CatalogueService::ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                                          v1::ListModelsResponse* response) {
  return Read(gatekeeper_, *context, response, [&] { return reader_.ListModels(*request); });
}

grpc::Status CatalogueService::SearchModels(grpc::ServerContext* context, const v1::SearchModelsRequest* request,
                                            v1::ListModelsResponse* response) {
  return Read(gatekeeper_, *context, response, [&] { return reader_.SearchModels(*request); });
}

grpc::Status CatalogueService::ListReleases(grpc::ServerContext* context, const v1::ListReleasesRequest* request,
                                            v1::ListReleasesResponse* response) {
  return Read(gatekeeper_, *context, response, [&] { return reader_.ListReleases(*request); });
}

grpc::Status CatalogueService::ListTags(grpc::ServerContext* context, const v1::ListTagsRequest* request,
                                        v1::ListTagsResponse* response) {
  return Read(gatekeeper_, *context, response, [&] { return reader_.ListTags(*request); });
}

grpc::Status CatalogueService::ListTagHistory(grpc::ServerContext* context, const v1::ListTagHistoryRequest* request,
                                              v1::ListTagHistoryResponse* response) {
  return Read(gatekeeper_, *context, response, [&] { return reader_.ListTagHistory(*request); });
}

grpc::Status CatalogueService::ListEvents(grpc::ServerContext* context, const v1::ListEventsRequest* request,
                                          v1::ListEventsResponse* response) {
  return Read(gatekeeper_, *context, response, [&] { return Events(*request); });
}

absl::StatusOr<v1::ListEventsResponse> CatalogueService::Events(const v1::ListEventsRequest& request) const {
  v1::ListEventsResponse response;
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Event> events,
                         journal_.List(request.after_sequence(), ClampPageSize(request.page_size())));
  for (v1::Event& event : events) *response.add_events() = std::move(event);
  // Read last, so that it is never less than the newest event on the page.
  response.set_head_sequence(journal_.head());
  return response;
}

grpc::Status CatalogueService::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                     grpc::ServerWriter<v1::Event>* writer) {
  auto caller = gatekeeper_.Admit(*context, Scope::Read());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::StatusOr<Slots::Lease> slot = watchers_.Take();
  if (!slot.ok()) return ToGrpcStatus(slot.status());
  return ToGrpcStatus(Follow(context, request->after_sequence(), writer));
}

absl::Status CatalogueService::Follow(grpc::ServerContext* context, uint64_t after,
                                      grpc::ServerWriter<v1::Event>* writer) const {
  if (after > journal_.head()) {
    return OutOfRange(
        fmt::format("event {} was asked for, the newest is {}; this registry is not the one that was "
                    "followed, or was rolled back",
                    after, journal_.head()));
  }
  // A caller that waits for the first event must learn that it is being served.
  writer->SendInitialMetadata();
  while (!context->IsCancelled()) {
    if (journal_.stopped()) {
      return WithRetryDelay(Unavailable("the server is stopping"), std::chrono::seconds(1));
    }
    if (!journal_.WaitFor(after, kWatchInterval)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Event> events, journal_.List(after, kWatchBatch));
    for (const v1::Event& event : events) {
      if (!writer->Write(event)) return absl::CancelledError("the caller is gone");
      after = event.sequence();
    }
  }
  return absl::CancelledError("the caller is gone");
}

}  // namespace plumb
