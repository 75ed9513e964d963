#include "client/library/commit.h"

#include <utility>

#include "client/rpc/channel.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::StatusOr<CommitOutcome> CommitOnce(rpc::Channel& channel, const StoredManifest& manifest,
                                         const Operation& operation) {
  grpc::ClientContext context;
  channel.Authorize(&context);
  v1::CommitReleaseRequest request;
  request.set_manifest(manifest.bytes);
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
    if (!operation.Check().ok()) context.TryCancel();
  }
  absl::Status status = rpc::FromGrpc(reader->Finish(), channel.registry());
  PLUMB_RETURN_IF_ERROR(operation.Check());
  PLUMB_RETURN_IF_ERROR(status);
  if (outcome.release.digest() != manifest.digest.ToBytes()) {
    return WithErrorClass(
        DataLoss(fmt::format("registry {} did not confirm release {}", channel.registry(), manifest.digest.ToString())),
        ErrorClass::kVerification);
  }
  return outcome;
}

}  // namespace

absl::StatusOr<CommitOutcome> CommitManifest(Connection& connection, const StoredManifest& manifest,
                                             const Operation& operation) {
  rpc::Backoff backoff(connection.channel().retries());
  while (true) {
    // Safe to repeat: a commit whose answer was lost is answered as existing.
    absl::StatusOr<CommitOutcome> outcome = CommitOnce(connection.channel(), manifest, operation);
    if (outcome.ok() || !backoff.WaitToRetry(outcome.status())) return outcome;
  }
}

}  // namespace plumb
