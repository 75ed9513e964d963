#include "plumb/client/publish.h"

#include <optional>
#include <utility>

#include "client/library/commit.h"
#include "client/library/lineage.h"
#include "client/library/name_check.h"
#include "client/library/publish_pass.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"
#include "plumb/client/catalogue.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

// How often content that went missing between upload and commit is sent again.
constexpr int kCommitRounds = 3;

// What a checkpoint states: the step that the call or the training says, and what the recipe says of it.
absl::Status AddCheckpoint(const PublishOptions& options, std::optional<uint64_t> found_step, v1::Manifest* manifest) {
  if (manifest->kind() != v1::KIND_CHECKPOINT) return absl::OkStatus();
  const std::optional<uint64_t> step = options.step.has_value() ? options.step : found_step;
  if (!step.has_value()) {
    return WithErrorClass(InvalidArgument("a checkpoint needs --step: how many optimizer steps were taken"),
                          ErrorClass::kUsage);
  }
  v1::Checkpoint* checkpoint = manifest->mutable_checkpoint();
  checkpoint->set_step(*step);
  for (const v1::RecipeCheckpoint& stated : manifest->recipe().checkpoints()) {
    if (static_cast<uint64_t>(stated.step().value()) != *step || stated.step().unknown()) continue;
    if (stated.has_loss() && !stated.loss().unknown()) checkpoint->set_loss(stated.loss().value());
    if (stated.tokens_seen().value() > 0)
      checkpoint->set_tokens_seen(static_cast<uint64_t>(stated.tokens_seen().value()));
  }
  if (options.loss.has_value()) checkpoint->set_loss(*options.loss);
  return absl::OkStatus();
}

// Says no before the work rather than after it.
absl::Status CheckPermission(Connection& connection, const std::string& model) {
  PLUMB_ASSIGN_OR_RETURN(v1::Token token, WhoAmI(connection));
  std::string own = fmt::format("publish:{}", NamespaceOf(model));
  for (const std::string& scope : token.scopes()) {
    if (scope == "admin" || scope == "publish:*" || scope == own) return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      fmt::format("token \"{}\" may not publish to {}: it lacks the scope {}", token.name(), NamespaceOf(model), own));
}

// The release that has this version already.
absl::StatusOr<std::optional<v1::Release>> FindStanding(Connection& connection, const v1::Manifest& manifest) {
  Reference reference{
      .registry = {}, .model = manifest.model(), .version = manifest.version(), .tag = {}, .digest_hex = {}};
  absl::StatusOr<v1::Release> release = Resolve(connection, reference);
  if (absl::IsNotFound(release.status())) return std::optional<v1::Release>();
  PLUMB_RETURN_IF_ERROR(release.status());
  return std::optional<v1::Release>(*std::move(release));
}

// OK when the release that stands is this very one.
absl::Status CheckSame(const v1::Release& standing, const StoredManifest& stored) {
  if (standing.digest() == stored.digest.ToBytes()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(standing.digest()));
  return AlreadyExists(
      fmt::format("{}@{} is published already as {}, this folder would be {}; versions are never reused",
                  standing.model(), standing.version(), digest.ToString(), stored.digest.ToString()));
}

// Bytes that the registry refuses were hashed here a moment before.
absl::Status ExplainRefusal(const absl::Status& status) {
  bool refused = absl::IsAborted(status) && Message(status).starts_with("chunk ");
  return refused ? Annotate(status, "a file probably changed while it was being sent") : status;
}

absl::StatusOr<StoredManifest> SendAndCommit(Connection& connection, const LineageFinder& lineage,
                                             const Operation& operation, PublishPass* pass, PublishResult* result) {
  if (lineage.near().has_value()) PLUMB_RETURN_IF_ERROR(pass->UseParent(*lineage.near()));
  for (int round = 1;; ++round) {
    PLUMB_RETURN_IF_ERROR(ExplainRefusal(pass->Run(/*send=*/true, result)));
    PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, pass->Build(lineage));
    absl::StatusOr<CommitOutcome> outcome = CommitManifest(connection, stored, operation);
    // Content may be collected between the upload and the commit; then it is sent again.
    if (absl::IsFailedPrecondition(outcome.status()) && round < kCommitRounds) continue;
    PLUMB_RETURN_IF_ERROR(outcome.status());
    result->existed = outcome->existed;
    return stored;
  }
}

absl::Status CheckReference(const Reference& reference) {
  if (!reference.version.empty()) return absl::OkStatus();
  return WithErrorClass(InvalidArgument(fmt::format("\"{}\" names no version; expected namespace/name@version",
                                                    RenderReference(reference))),
                        ErrorClass::kUsage);
}

}  // namespace

absl::StatusOr<PublishPreview> PreviewPublish(const PublishOptions& options, const Operation& operation) {
  PLUMB_RETURN_IF_ERROR(CheckReference(options.reference));
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::OpenFollowingLinks(options.folder));
  PLUMB_ASSIGN_OR_RETURN(PublishPlan plan, PlanPublish(folder, options, operation));
  PLUMB_RETURN_IF_ERROR(AddCheckpoint(options, plan.step, &plan.manifest));
  PublishPreview preview{.manifest = std::move(plan.manifest), .left_out = std::move(plan.left_out)};
  for (const PlannedFile& planned : plan.files) {
    v1::File* file = preview.manifest.add_files();
    file->set_path(planned.path);
    file->set_size_bytes(planned.size_bytes);
    file->mutable_tensors()->Assign(planned.tensors.begin(), planned.tensors.end());
    file->set_generated(!planned.generated.empty());
  }
  return preview;
}

absl::StatusOr<PublishResult> Publish(Connection& connection, const PublishOptions& options,
                                      const Operation& operation) {
  PLUMB_RETURN_IF_ERROR(CheckReference(options.reference));
  if (!options.tag.empty()) PLUMB_RETURN_IF_ERROR(WithErrorClass(ValidateVersion(options.tag), ErrorClass::kUsage));
  PLUMB_RETURN_IF_ERROR(CheckPermission(connection, options.reference.model));
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::OpenFollowingLinks(options.folder));
  PLUMB_ASSIGN_OR_RETURN(PublishPlan plan, PlanPublish(folder, options, operation));
  PLUMB_RETURN_IF_ERROR(AddCheckpoint(options, plan.step, &plan.manifest));
  LineageFinder lineage(connection, options);
  PLUMB_RETURN_IF_ERROR(lineage.Begin(&plan.manifest));
  PublishPass pass(connection, folder, plan, options, operation);
  PublishResult result{.model = plan.manifest.model(), .version = plan.manifest.version(), .digest = {}};
  result.left_out = plan.left_out;
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> standing, FindStanding(connection, plan.manifest));
  PLUMB_RETURN_IF_ERROR(CheckNames(connection, options.reference, options.tag, standing.has_value()));
  StoredManifest stored;
  if (standing.has_value()) {
    PLUMB_RETURN_IF_ERROR(lineage.Adopt(*standing, &plan.manifest));
    PLUMB_RETURN_IF_ERROR(pass.Run(/*send=*/false, &result));
    PLUMB_ASSIGN_OR_RETURN(stored, pass.Build(lineage));
    PLUMB_RETURN_IF_ERROR(CheckSame(*standing, stored));
    result.existed = true;
  } else {
    PLUMB_ASSIGN_OR_RETURN(stored, SendAndCommit(connection, lineage, operation, &pass, &result));
  }
  result.digest = stored.digest;
  result.bytes = TotalBytes(stored.manifest);
  result.manifest = std::move(plan.manifest);
  if (stored.manifest.has_lineage()) *result.manifest.mutable_lineage() = stored.manifest.lineage();
  if (!options.tag.empty()) {
    absl::Status tagged = SetTag(connection, result.model, options.tag, stored.digest, std::nullopt).status();
    if (!tagged.ok()) {
      return Annotate(
          tagged, fmt::format("{}@{} is published; its tag {} is not set", result.model, result.version, options.tag));
    }
  }
  return result;
}

}  // namespace plumb
