#include "plumb/client/publish.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "client/library/commit.h"
#include "client/library/hash_file.h"
#include "client/library/publish_plan.h"
#include "client/rpc/channel.h"
#include "client/transfer/upload.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"
#include "plumb/client/catalogue.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

// How often content that went missing between upload and commit is sent again.
constexpr int kCommitRounds = 3;

// A planned file with its hashes.
struct ReadyFile {
  const PlannedFile* planned;
  HashedFile hashed;
};

// One publish; used by one thread, its read and sent callbacks by several.
class Publisher {
 public:
  Publisher(Connection& connection, const Directory& folder, const PublishPlan& plan, const PublishOptions& options,
            const Operation& operation)
      : connection_(connection), folder_(folder), plan_(plan), options_(options), operation_(operation) {}

  absl::Status HashAll() {
    Progress progress{.phase = "hash", .item = {}, .done_bytes = 0, .total_bytes = 0};
    for (const PlannedFile& file : plan_.files) progress.total_bytes += file.size_bytes;
    for (const PlannedFile& file : plan_.files) {
      progress.item = file.path;
      auto advance = [&](uint64_t bytes) {
        progress.done_bytes += bytes;
        operation_.Report(progress);
        return operation_.Check();
      };
      PLUMB_ASSIGN_OR_RETURN(HashedFile hashed, HashPlanned(file, advance));
      if (hashed.size_bytes != file.size_bytes) {
        return absl::AbortedError(fmt::format("{} changed size while it was being published", file.path));
      }
      files_.push_back({&file, std::move(hashed)});
    }
    return absl::OkStatus();
  }

  absl::StatusOr<StoredManifest> Build() const {
    v1::Manifest manifest = plan_.manifest;
    for (const ReadyFile& ready : files_) {
      v1::File* file = manifest.add_files();
      file->set_path(ready.planned->path);
      file->set_size_bytes(ready.hashed.size_bytes);
      file->set_sha256(ready.hashed.sha256.ToBytes());
      file->set_tree_root(ready.hashed.chunks.TreeRoot().ToBytes());
      file->set_chunk_count(ready.hashed.chunks.size());
      file->mutable_tensors()->Assign(ready.planned->tensors.begin(), ready.planned->tensors.end());
      file->set_generated(!ready.planned->generated.empty());
    }
    return BuildManifest(std::move(manifest));
  }

  // Sends what the registry lacks.
  absl::Status UploadMissing(PublishResult* result) {
    std::vector<ChunkRef> chunks;
    std::vector<std::pair<size_t, size_t>> origin;  // File, chunk in it.
    for (size_t f = 0; f < files_.size(); ++f) {
      for (size_t i = 0; i < files_[f].hashed.chunks.size(); ++i) {
        chunks.push_back(files_[f].hashed.chunks.chunks()[i]);
        origin.emplace_back(f, i);
      }
    }
    rpc::Channel& channel = connection_.channel();
    PLUMB_ASSIGN_OR_RETURN(std::vector<size_t> missing,
                           transfer::FindMissingChunks(channel, chunks, connection_.capabilities().batch_items_max()));
    std::vector<ChunkRef> wanted;
    Progress progress{.phase = "upload", .item = {}, .done_bytes = 0, .total_bytes = 0};
    for (size_t index : missing) {
      wanted.push_back(chunks[index]);
      progress.total_bytes += chunks[index].size_bytes;
    }
    auto read = [&](size_t i, std::span<uint8_t> out) {
      auto [f, chunk] = origin[missing[i]];
      return ReadChunk(f, files_[f].hashed.chunks.offset(chunk), out);
    };
    std::mutex mutex;
    auto sent = [&](size_t i, uint64_t bytes) {
      std::lock_guard lock(mutex);
      ++result->new_chunks;
      result->uploaded_bytes += bytes;
      progress.item = files_[origin[missing[i]].first].planned->path;
      progress.done_bytes += wanted[i].size_bytes;
      operation_.Report(progress);
    };
    PLUMB_RETURN_IF_ERROR(transfer::UploadChunks(channel, wanted, options_.parallel, read, sent, operation_));
    return PutMissingLists();
  }

 private:
  absl::StatusOr<HashedFile> HashPlanned(const PlannedFile& file,
                                         const std::function<absl::Status(uint64_t)>& advance) {
    if (file.generated.empty()) {
      PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder_.OpenFile(file.path));
      return HashFile(fd.get(), file.path, file.TensorRanges(), advance);
    }
    HashedFile hashed{.size_bytes = file.generated.size(), .sha256 = Sha256Of(file.generated), .chunks = {}};
    uint64_t offset = 0;
    for (uint32_t size : PlanChunks(file.generated.size(), {})) {
      Digest digest = Sha256Of(std::string_view(file.generated).substr(offset, size));
      PLUMB_RETURN_IF_ERROR(hashed.chunks.Append({digest, size}));
      offset += size;
    }
    PLUMB_RETURN_IF_ERROR(advance(file.generated.size()));
    return hashed;
  }

  absl::Status ReadChunk(size_t file_index, uint64_t offset, std::span<uint8_t> out) {
    const PlannedFile& file = *files_[file_index].planned;
    if (!file.generated.empty()) {
      std::copy_n(file.generated.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
      return absl::OkStatus();
    }
    std::shared_ptr<UniqueFd> fd;
    {
      // Chunks are sent in the order of the files, so that the last file opened is nearly always the right one.
      std::lock_guard lock(open_mutex_);
      if (open_file_ == nullptr || open_index_ != file_index) {
        PLUMB_ASSIGN_OR_RETURN(UniqueFd opened, folder_.OpenFile(file.path));
        open_file_ = std::make_shared<UniqueFd>(std::move(opened));
        open_index_ = file_index;
      }
      fd = open_file_;
    }
    absl::Status status = PreadExactly(fd->get(), out, offset, file.path);
    return absl::IsOutOfRange(status)
               ? absl::AbortedError(fmt::format("{} was shortened while it was being published", file.path))
               : status;
  }

  absl::Status PutMissingLists() {
    for (const ReadyFile& ready : files_) {
      PLUMB_RETURN_IF_ERROR(operation_.Check());
      const ChunkList& list = ready.hashed.chunks;
      PLUMB_ASSIGN_OR_RETURN(bool missing, transfer::IsChunkListMissing(connection_.channel(), list.TreeRoot()));
      if (missing) PLUMB_RETURN_IF_ERROR(transfer::PutChunkList(connection_.channel(), list));
    }
    return absl::OkStatus();
  }

  Connection& connection_;
  const Directory& folder_;
  const PublishPlan& plan_;
  const PublishOptions& options_;
  const Operation& operation_;
  std::vector<ReadyFile> files_;
  std::mutex open_mutex_;
  std::shared_ptr<UniqueFd> open_file_;
  size_t open_index_ = 0;
};

// Fills in what only the registry or the recipe knows: the parent's digest, a checkpoint's loss.
absl::Status AddLineage(Connection& connection, const PublishOptions& options, v1::Manifest* manifest) {
  if (options.parent.has_value()) {
    PLUMB_ASSIGN_OR_RETURN(v1::Release parent, Resolve(connection, *options.parent));
    manifest->mutable_lineage()->set_parent_digest(parent.digest());
    manifest->mutable_lineage()->set_parent_reference(fmt::format("{}@{}", parent.model(), parent.version()));
    bool same_run = manifest->kind() == v1::KIND_CHECKPOINT && parent.model() == manifest->model();
    manifest->mutable_lineage()->set_relation(same_run ? v1::RELATION_CONTINUED : v1::RELATION_FINE_TUNED);
  }
  if (manifest->kind() != v1::KIND_CHECKPOINT) return absl::OkStatus();
  if (!options.step.has_value()) {
    return WithErrorClass(InvalidArgument("a checkpoint needs --step: how many optimizer steps were taken"),
                          ErrorClass::kUsage);
  }
  v1::Checkpoint* checkpoint = manifest->mutable_checkpoint();
  checkpoint->set_step(*options.step);
  for (const v1::RecipeCheckpoint& stated : manifest->recipe().checkpoints()) {
    if (static_cast<uint64_t>(stated.step().value()) != *options.step || stated.step().unknown()) continue;
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

// True when this very release stands already; ALREADY_EXISTS when the version names another.
absl::StatusOr<bool> AlreadyStands(Connection& connection, const StoredManifest& stored) {
  Reference reference{.registry = {},
                      .model = stored.manifest.model(),
                      .version = stored.manifest.version(),
                      .tag = {},
                      .digest_hex = {}};
  absl::StatusOr<v1::Release> release = Resolve(connection, reference);
  if (absl::IsNotFound(release.status())) return false;
  PLUMB_RETURN_IF_ERROR(release.status());
  if (release->digest() == stored.digest.ToBytes()) return true;
  PLUMB_ASSIGN_OR_RETURN(Digest standing, Digest::FromBytes(release->digest()));
  return AlreadyExists(fmt::format("{} is published already as {}, this folder would be {}; versions are never reused",
                                   RenderReference(reference), standing.ToString(), stored.digest.ToString()));
}

absl::Status UploadAndCommit(Connection& connection, const StoredManifest& stored, const Operation& operation,
                             Publisher* publisher, PublishResult* result) {
  for (int round = 1;; ++round) {
    PLUMB_RETURN_IF_ERROR(publisher->UploadMissing(result));
    absl::StatusOr<CommitOutcome> outcome = CommitManifest(connection, stored, operation);
    // Content may be collected between the upload and the commit; then it is sent again.
    if (absl::IsFailedPrecondition(outcome.status()) && round < kCommitRounds) continue;
    PLUMB_RETURN_IF_ERROR(outcome.status());
    result->existed = outcome->existed;
    return absl::OkStatus();
  }
}

absl::Status CheckReference(const Reference& reference) {
  if (!reference.version.empty()) return absl::OkStatus();
  return WithErrorClass(InvalidArgument(fmt::format("\"{}\" names no version; expected namespace/name@version",
                                                    RenderReference(reference))),
                        ErrorClass::kUsage);
}

}  // namespace

absl::StatusOr<PublishResult> Publish(Connection& connection, const PublishOptions& options,
                                      const Operation& operation) {
  PLUMB_RETURN_IF_ERROR(CheckReference(options.reference));
  if (!options.tag.empty()) PLUMB_RETURN_IF_ERROR(WithErrorClass(ValidateVersion(options.tag), ErrorClass::kUsage));
  PLUMB_RETURN_IF_ERROR(CheckPermission(connection, options.reference.model));
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(options.folder));
  PLUMB_ASSIGN_OR_RETURN(PublishPlan plan, PlanPublish(folder, options, operation));
  PLUMB_RETURN_IF_ERROR(AddLineage(connection, options, &plan.manifest));
  Publisher publisher(connection, folder, plan, options, operation);
  PLUMB_RETURN_IF_ERROR(publisher.HashAll());
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, publisher.Build());

  PublishResult result{.model = plan.manifest.model(), .version = plan.manifest.version(), .digest = stored.digest};
  result.bytes = TotalBytes(stored.manifest);
  PLUMB_ASSIGN_OR_RETURN(result.existed, AlreadyStands(connection, stored));
  if (!result.existed) PLUMB_RETURN_IF_ERROR(UploadAndCommit(connection, stored, operation, &publisher, &result));
  if (!options.tag.empty()) {
    PLUMB_RETURN_IF_ERROR(SetTag(connection, result.model, options.tag, stored.digest, std::nullopt).status());
  }
  return result;
}

}  // namespace plumb
