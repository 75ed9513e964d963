#include "plumb/client/administration.h"

#include "client/library/paging.h"
#include "client/rpc/channel.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using Admin = v1::AdminService::Stub;

// Reads a stream of reports to its end and returns the last one.
template <typename Response, typename Each>
absl::StatusOr<Response> ReadReports(rpc::Channel& channel, grpc::ClientContext* context,
                                     std::unique_ptr<grpc::ClientReader<Response>> reader, const Operation& operation,
                                     Each each) {
  // The registry may work long before it has something to report: only the user ends the call.
  rpc::WatchedCall call(channel.watch(), context, &operation);
  Response response;
  Response last;
  while (reader->Read(&response)) {
    each(response);
    last = response;
  }
  PLUMB_RETURN_IF_ERROR(call.End(reader->Finish()));
  if (!last.done()) return Unavailable("the registry ended its report early");
  return last;
}

}  // namespace

absl::StatusOr<v1::Token> WhoAmI(Connection& connection) {
  rpc::Channel& channel = connection.channel();
  return channel.Call(channel.admin(), &Admin::WhoAmI, v1::WhoAmIRequest());
}

absl::StatusOr<v1::CreateTokenResponse> CreateToken(Connection& connection, const v1::CreateTokenRequest& request) {
  rpc::Channel& channel = connection.channel();
  // Not repeated: a token made by a call whose answer was lost could not be used by anyone.
  return channel.Call(channel.admin(), &Admin::CreateToken, request, rpc::Repeat::kNever);
}

absl::StatusOr<std::vector<v1::Token>> ListTokens(Connection& connection) {
  rpc::Channel& channel = connection.channel();
  return FetchAll<v1::Token>(channel, channel.admin(), &Admin::ListTokens, v1::ListTokensRequest(),
                             [](v1::ListTokensResponse* response) { return response->mutable_tokens(); });
}

absl::Status RevokeToken(Connection& connection, const std::string& name) {
  v1::RevokeTokenRequest request;
  request.set_name(name);
  rpc::Channel& channel = connection.channel();
  return channel.Call(channel.admin(), &Admin::RevokeToken, request).status();
}

absl::StatusOr<v1::Stats> GetStats(Connection& connection) {
  rpc::Channel& channel = connection.channel();
  return channel.Call(channel.admin(), &Admin::GetStats, v1::GetStatsRequest());
}

absl::StatusOr<v1::CollectGarbageResponse> CollectGarbage(Connection& connection,
                                                          const v1::CollectGarbageRequest& request,
                                                          const Operation& operation) {
  rpc::Channel& channel = connection.channel();
  grpc::ClientContext context;
  channel.Authorize(&context);
  return ReadReports(channel, &context, channel.admin().CollectGarbage(&context, request), operation,
                     [](const v1::CollectGarbageResponse&) {});
}

absl::StatusOr<v1::FsckResponse> Fsck(Connection& connection, bool quarantine, const Operation& operation,
                                      const std::function<void(const v1::FsckProblem&)>& on_problem) {
  rpc::Channel& channel = connection.channel();
  v1::FsckRequest request;
  request.set_quarantine(quarantine);
  grpc::ClientContext context;
  channel.Authorize(&context);
  return ReadReports(
      channel, &context, channel.admin().Fsck(&context, request), operation, [&](const v1::FsckResponse& response) {
        if (response.has_problem() && on_problem) on_problem(response.problem());
        operation.Report({.phase = "fsck", .item = {}, .done_bytes = response.checked_bytes(), .total_bytes = 0});
      });
}

absl::StatusOr<v1::RebuildIndexResponse> RebuildIndex(Connection& connection, const Operation& operation) {
  rpc::Channel& channel = connection.channel();
  grpc::ClientContext context;
  channel.Authorize(&context);
  return ReadReports(channel, &context, channel.admin().RebuildIndex(&context, v1::RebuildIndexRequest()), operation,
                     [](const v1::RebuildIndexResponse&) {});
}

absl::StatusOr<v1::Cursor> GetCursor(Connection& connection, const std::string& name) {
  v1::GetCursorRequest request;
  request.set_name(name);
  rpc::Channel& channel = connection.channel();
  return channel.Call(channel.admin(), &Admin::GetCursor, request);
}

absl::StatusOr<v1::Cursor> SetCursor(Connection& connection, const v1::Cursor& cursor) {
  v1::SetCursorRequest request;
  request.set_name(cursor.name());
  request.set_value(cursor.value());
  request.set_expected_revision(cursor.revision());
  rpc::Channel& channel = connection.channel();
  return channel.Call(channel.admin(), &Admin::SetCursor, request);
}

}  // namespace plumb
