#include "registry/service/publishing_service.h"

#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "plumb/manifest/manifest.h"
#include "registry/catalogue/tags.h"
#include "registry/catalogue/yanks.h"
#include "registry/service/status.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

std::string Hex(const std::string& digest) {
  absl::StatusOr<Digest> parsed = Digest::FromBytes(digest);
  return parsed.ok() ? parsed->ToString() : "none";
}

}  // namespace

grpc::Status PublishingService::CommitRelease(grpc::ServerContext* context, const v1::CommitReleaseRequest* request,
                                              grpc::ServerWriter<v1::CommitReleaseResponse>* writer) {
  return ToGrpcStatus(Commit(context, *request, writer));
}

absl::Status PublishingService::Commit(grpc::ServerContext* context, const v1::CommitReleaseRequest& request,
                                       grpc::ServerWriter<v1::CommitReleaseResponse>* writer) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::PublishAnywhere()));
  PLUMB_ASSIGN_OR_RETURN(Slots::Lease slot, commits_.Take());
  PLUMB_ASSIGN_OR_RETURN(StoredManifest manifest, ParseManifest(request.manifest()));
  PLUMB_RETURN_IF_ERROR(
      gatekeeper_.Authorize(*context, caller, Scope::Publish(NamespaceOf(manifest.manifest.model()))));
  // Whoever may publish everywhere may repeat what other registries did.
  if (request.mirrored()) {
    PLUMB_RETURN_IF_ERROR(gatekeeper_.Authorize(*context, caller, Scope::PublishEverywhere()));
  }
  NameClash clash = request.mirrored() ? NameClash::kAllow : NameClash::kRefuse;
  PLUMB_ASSIGN_OR_RETURN(Publisher::Result result,
                         catalogue_.publisher().Commit(std::move(manifest), caller.name, clash));
  const v1::Release& release = result.release;
  if (!result.existed) {
    spdlog::info("audit: {} published {}@{} {} event {}", caller.name, release.model(), release.version(),
                 Hex(release.digest()), release.sequence());
  }
  v1::CommitReleaseResponse last;
  last.set_checked_bytes(release.size_bytes());
  last.set_total_bytes(release.size_bytes());
  last.set_existed(result.existed);
  // The release stands whatever happens from here on: a failure to read its tags must not look like a failed commit.
  auto tagged = catalogue_.reader().FindRelease(release.model(), release.version());
  *last.mutable_release() = tagged.ok() ? *std::move(tagged) : release;
  return writer->Write(last) ? absl::OkStatus() : absl::CancelledError("the caller is gone");
}

grpc::Status PublishingService::SetTag(grpc::ServerContext* context, const v1::SetTagRequest* request,
                                       v1::SetTagResponse* response) {
  return Reply(MoveTag(context, *request), response);
}

absl::StatusOr<v1::SetTagResponse> PublishingService::MoveTag(grpc::ServerContext* context,
                                                              const v1::SetTagRequest& request) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::PublishAnywhere()));
  PLUMB_RETURN_IF_ERROR(ValidateModelName(request.model()));
  PLUMB_RETURN_IF_ERROR(gatekeeper_.Authorize(*context, caller, Scope::Publish(NamespaceOf(request.model()))));
  if (request.mirrored()) {
    PLUMB_RETURN_IF_ERROR(gatekeeper_.Authorize(*context, caller, Scope::PublishEverywhere()));
  }
  PLUMB_ASSIGN_OR_RETURN(v1::SetTagResponse response,
                         plumb::SetTag(request, caller.name, catalogue_.store(), &catalogue_.journal()));
  if (response.sequence() != 0) {
    spdlog::info("audit: {} set {}:{} to {} event {}", caller.name, request.model(), request.tag(),
                 Hex(request.digest()), response.sequence());
  }
  return response;
}

grpc::Status PublishingService::Yank(grpc::ServerContext* context, const v1::YankRequest* request,
                                     v1::YankResponse* response) {
  return Reply(Withdraw(context, *request), response);
}

absl::StatusOr<v1::YankResponse> PublishingService::Withdraw(grpc::ServerContext* context,
                                                             const v1::YankRequest& request) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::PublishAnywhere()));
  PLUMB_RETURN_IF_ERROR(ValidateModelName(request.model()));
  PLUMB_RETURN_IF_ERROR(gatekeeper_.Authorize(*context, caller, Scope::Publish(NamespaceOf(request.model()))));
  v1::YankResponse response;
  PLUMB_ASSIGN_OR_RETURN(*response.mutable_release(),
                         plumb::Yank(request, caller.name, catalogue_.store(), &catalogue_.journal()));
  spdlog::info("audit: {} {} {}@{}", caller.name, request.undo() ? "unyanked" : "yanked", request.model(),
               request.version());
  return response;
}

}  // namespace plumb
