#include "client/library/commit.h"

#include <utility>

#include "client/rpc/channel.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::StatusOr<CommitOutcome> CommitOnce(rpc::Channel& channel, const StoredManifest& manifest,
                                         const Operation& operation, bool mirrored) {
  grpc::ClientContext context;
  channel.Authorize(&context);
  v1::CommitReleaseRequest request;
  request.set_manifest(manifest.bytes);
  request.set_mirrored(mirrored);
  rpc::WatchedCall call(channel.watch(), &context, &operation);
  rpc::Owed answer(&call);
  auto reader = channel.publishing().CommitRelease(&context, request);
  CommitOutcome outcome;
  v1::CommitReleaseResponse response;
  while (reader->Read(&response)) {
    operation.Report({.phase = "commit",
                      .item = manifest.manifest.version(),
                      .done_bytes = response.checked_bytes(),
                      .total_bytes = response.total_bytes()});
    outcome.existed = response.existed();
    if (response.has_release()) outcome.release = std::move(*response.mutable_release());
  }
  PLUMB_RETURN_IF_ERROR(call.End(reader->Finish()));
  if (outcome.release.digest() != manifest.digest.ToBytes()) {
    return WithErrorClass(
        DataLoss(fmt::format("registry {} did not confirm release {}", channel.registry(), manifest.digest.ToString())),
        ErrorClass::kVerification);
  }
  return outcome;
}

}  // namespace

absl::StatusOr<CommitOutcome> CommitManifest(Connection& connection, const StoredManifest& manifest,
                                             const Operation& operation, bool mirrored) {
  rpc::Backoff backoff = connection.channel().NewBackoff(&operation);
  while (true) {
    // Safe to repeat: a commit whose answer was lost is answered as existing.
    absl::StatusOr<CommitOutcome> outcome = CommitOnce(connection.channel(), manifest, operation, mirrored);
    if (outcome.ok()) {
      backoff.Reset();
      return outcome;
    }
    PLUMB_RETURN_IF_ERROR(backoff.WaitToRetry(outcome.status()));
  }
}

}  // namespace plumb
