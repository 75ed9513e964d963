#include "registry/service/admin_service.h"

#include <limits>
#include <string>
#include <vector>

#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "registry/catalogue/cursors.h"
#include "registry/catalogue/fsck.h"
#include "registry/catalogue/paging.h"
#include "registry/catalogue/releases.h"
#include "registry/service/status.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

std::chrono::seconds ToSeconds(uint64_t seconds) {
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / 2);
  return std::chrono::seconds(static_cast<int64_t>(std::min(seconds, kMax)));
}

// Sends a message of a stream whose caller may be gone.
template <typename Message>
absl::Status Send(const grpc::ServerContext& context, const Message& message, grpc::ServerWriter<Message>* writer) {
  if (!context.IsCancelled() && writer->Write(message)) return absl::OkStatus();
  return absl::CancelledError("the caller is gone");
}

}  // namespace

grpc::Status AdminService::WhoAmI(grpc::ServerContext* context, const v1::WhoAmIRequest*, v1::Token* response) {
  absl::StatusOr<Principal> caller = gatekeeper_.Identify(*context);
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  *response = caller->token;
  return grpc::Status::OK;
}

grpc::Status AdminService::CreateToken(grpc::ServerContext* context, const v1::CreateTokenRequest* request,
                                       v1::CreateTokenResponse* response) {
  return Reply(Create(context, *request), response);
}

absl::StatusOr<v1::CreateTokenResponse> AdminService::Create(grpc::ServerContext* context,
                                                             const v1::CreateTokenRequest& request) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::Admin()));
  std::vector<std::string> scopes(request.scopes().begin(), request.scopes().end());
  PLUMB_ASSIGN_OR_RETURN(Access::NewToken made,
                         access_.Create(request.name(), scopes, ToSeconds(request.lifetime_seconds())));
  spdlog::info("audit: {} made token {} with {}", caller.name, request.name(), fmt::join(scopes, ", "));
  v1::CreateTokenResponse response;
  response.set_secret(made.secret);
  *response.mutable_token() = made.token;
  return response;
}

grpc::Status AdminService::ListTokens(grpc::ServerContext* context, const v1::ListTokensRequest* request,
                                      v1::ListTokensResponse* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::Admin());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply(List(*request), response);
}

absl::StatusOr<v1::ListTokensResponse> AdminService::List(const v1::ListTokensRequest& request) const {
  PLUMB_ASSIGN_OR_RETURN(PageQuery page, ParsePage(request.page()));
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Token> tokens, access_.List(page.after, page.size + 1));
  v1::ListTokensResponse response;
  if (tokens.size() > page.size) {
    tokens.resize(page.size);
    response.set_next_page_token(MakePageToken(tokens.back().name()));
  }
  for (v1::Token& token : tokens) *response.add_tokens() = std::move(token);
  return response;
}

grpc::Status AdminService::RevokeToken(grpc::ServerContext* context, const v1::RevokeTokenRequest* request,
                                       v1::RevokeTokenResponse*) {
  auto caller = gatekeeper_.Admit(*context, Scope::Admin());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  absl::Status status = access_.Revoke(request->name());
  if (status.ok()) spdlog::info("audit: {} revoked token {}", caller->name, request->name());
  return ToGrpcStatus(status);
}

grpc::Status AdminService::GetStats(grpc::ServerContext* context, const v1::GetStatsRequest*, v1::Stats* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::Admin());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply(ComputeStats(catalogue_.store(), catalogue_.content().chunks()), response);
}

grpc::Status AdminService::CollectGarbage(grpc::ServerContext* context, const v1::CollectGarbageRequest* request,
                                          grpc::ServerWriter<v1::CollectGarbageResponse>* writer) {
  return ToGrpcStatus(Collect(context, *request, writer));
}

absl::Status AdminService::Collect(grpc::ServerContext* context, const v1::CollectGarbageRequest& request,
                                   grpc::ServerWriter<v1::CollectGarbageResponse>* writer) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::Admin()));
  GarbageCollector::Options options;
  if (request.has_grace_seconds()) options.grace = ToSeconds(request.grace_seconds());
  options.dry_run = request.dry_run();
  if (!options.dry_run) partials_.DropOld();
  auto progress = [&](const v1::CollectGarbageResponse& so_far) { return Send(*context, so_far, writer); };
  PLUMB_ASSIGN_OR_RETURN(v1::CollectGarbageResponse totals, catalogue_.garbage().Run(options, progress));
  spdlog::info("audit: {} collected garbage: {} chunks, {} bytes, {} chunk lists{}", caller.name,
               totals.deleted_chunks(), totals.deleted_bytes(), totals.deleted_chunk_lists(),
               options.dry_run ? " (dry run)" : "");
  return Send(*context, totals, writer);
}

grpc::Status AdminService::Fsck(grpc::ServerContext* context, const v1::FsckRequest* request,
                                grpc::ServerWriter<v1::FsckResponse>* writer) {
  return ToGrpcStatus(Check(context, *request, writer));
}

absl::Status AdminService::Check(grpc::ServerContext* context, const v1::FsckRequest& request,
                                 grpc::ServerWriter<v1::FsckResponse>* writer) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::Admin()));
  auto observer = [&](const v1::FsckResponse& message) {
    if (message.has_problem()) {
      spdlog::warn("fsck: {} {}: {}", message.problem().kind(), message.problem().subject(),
                   message.problem().message());
    }
    return Send(*context, message, writer);
  };
  spdlog::info("audit: {} runs fsck{}", caller.name, request.quarantine() ? " with quarantine" : "");
  return plumb::Fsck(&catalogue_.store(), &catalogue_.content(), request.quarantine(), observer).Run();
}

grpc::Status AdminService::RebuildIndex(grpc::ServerContext* context, const v1::RebuildIndexRequest*,
                                        grpc::ServerWriter<v1::RebuildIndexResponse>* writer) {
  return ToGrpcStatus(Rebuild(context, writer));
}

absl::Status AdminService::Rebuild(grpc::ServerContext* context, grpc::ServerWriter<v1::RebuildIndexResponse>* writer) {
  PLUMB_ASSIGN_OR_RETURN(Principal caller, gatekeeper_.Admit(*context, Scope::Admin()));
  v1::RebuildIndexResponse response;
  PLUMB_RETURN_IF_ERROR(catalogue_.content().chunks().RebuildIndex([&](const ChunkStore::RebuildTotals& so_far) {
    response.set_read_packs(so_far.read_packs);
    response.set_total_packs(so_far.total_packs);
    response.set_added_chunks(so_far.added_chunks);
    response.set_removed_chunks(so_far.removed_chunks);
    return Send(*context, response, writer);
  }));
  spdlog::info("audit: {} rebuilt the index: {} packs, {} chunks added, {} removed", caller.name, response.read_packs(),
               response.added_chunks(), response.removed_chunks());
  response.set_done(true);
  return Send(*context, response, writer);
}

grpc::Status AdminService::GetCursor(grpc::ServerContext* context, const v1::GetCursorRequest* request,
                                     v1::Cursor* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishEverywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply(plumb::GetCursor(request->name(), catalogue_.store()), response);
}

grpc::Status AdminService::SetCursor(grpc::ServerContext* context, const v1::SetCursorRequest* request,
                                     v1::Cursor* response) {
  auto caller = gatekeeper_.Admit(*context, Scope::PublishEverywhere());
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return Reply(plumb::SetCursor(*request, &catalogue_.store()), response);
}

}  // namespace plumb
