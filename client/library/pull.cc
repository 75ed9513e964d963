#include "plumb/client/pull.h"

#include <utility>

#include "client/library/base_chunks.h"
#include "client/library/disk_room.h"
#include "client/library/folder_history.h"
#include "client/library/folder_record.h"
#include "client/library/offline_pull.h"
#include "client/library/pull_target.h"
#include "client/library/puller.h"
#include "client/library/stale_files.h"
#include "fmt/format.h"
#include "plumb/base/errno_of.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Refuses what is in the way, all of it or what nothing can replace.
absl::Status CheckTheWay(Connection& connection, const PullOptions& options, const FolderBefore& before,
                         const PullTarget& target) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<Obstacle> obstacles, FindObstaclesOf(connection, options.folder, before, target));
  if (options.replace_foreign) std::erase_if(obstacles, [](const Obstacle& found) { return found.replaceable; });
  return RefuseObstacles(options.folder, target.stored.manifest, obstacles);
}

// The lock, or none, with a warning, where there are no locks.
absl::StatusOr<UniqueFd> LockIfPossible(const Directory& directory, const Operation& operation) {
  absl::StatusOr<UniqueFd> lock = LockFolder(directory);
  if (!absl::IsUnimplemented(lock.status())) return lock;
  operation.Warn(fmt::format("{}; going on without a lock: let no other pull work there", Message(lock.status())));
  return UniqueFd();
}

// Files of `stale` that stand where a folder of the new release must be, or in one where a file must be.
std::vector<v1::File> Conflicting(const std::vector<v1::File>& stale, const PullTarget& target) {
  std::vector<v1::File> conflicting;
  for (const v1::File& file : stale) {
    for (const std::string& path : target.paths) {
      if (!path.starts_with(file.path() + "/") && !file.path().starts_with(path + "/")) continue;
      conflicting.push_back(file);
      break;
    }
  }
  return conflicting;
}

absl::StatusOr<BaseChunks> FindBases(Connection& connection, const PullOptions& options, const FolderBefore& before,
                                     const PullTarget& target) {
  BaseChunks bases;
  if (connection.offline()) return bases;
  const std::optional<ReleaseFolder>& release = before.release();
  if (release.has_value() && release->manifest().digest != target.stored.digest) bases.AddFolder(*release);
  if (options.cache != nullptr && target.stored.manifest.has_lineage()) {
    PLUMB_ASSIGN_OR_RETURN(Digest parent, Digest::FromBytes(target.stored.manifest.lineage().parent_digest()));
    bases.AddCached(connection, *options.cache, parent);
  }
  return bases;
}

// One pull into a folder whose way is free.
class FolderPull {
 public:
  FolderPull(Connection& connection, const PullOptions& options, const Operation& operation, const PullTarget& target)
      : connection_(connection), options_(options), operation_(operation), target_(target) {}

  absl::StatusOr<PullResult> Run() {
    PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Create(options_.folder));
    PLUMB_ASSIGN_OR_RETURN(UniqueFd lock, LockIfPossible(directory, operation_));
    // Read again: before the lock another pull may have changed it.
    const FolderBefore before = FolderBefore::Read(options_.folder);
    const v1::Manifest& manifest = target_.stored.manifest;
    PLUMB_RETURN_IF_ERROR(CheckDiskRoom(
        options_.folder, manifest,
        EstimateDiskNeed(&directory, options_.folder, options_.cache, GroupEqualFiles(manifest, target_.paths))));
    PLUMB_ASSIGN_OR_RETURN(BaseChunks bases, FindBases(connection_, options_, before, target_));
    const std::vector<v1::File> stale = before.Stale(target_);
    const std::vector<std::string> selection = before.Selection(target_);
    FolderHistory history{.registry = connection_.registry(),
                          .selector = SelectorOf(options_.reference),
                          .pulled_at = NowText(),
                          .replaced = stale};
    PLUMB_RETURN_IF_ERROR(WriteRecord(directory, target_.stored, selection, history));
    PLUMB_RETURN_IF_ERROR(RemoveStale(directory, Conflicting(stale, target_)));
    if (options_.observer != nullptr) options_.observer->Begin(manifest, target_.paths);
    Puller puller(connection_, options_, operation_, directory, manifest, bases, &result_);
    PLUMB_RETURN_IF_ERROR(puller.Run(target_.paths));
    PLUMB_RETURN_IF_ERROR(RemoveStale(directory, stale));
    if (!stale.empty()) {
      history.replaced.clear();
      PLUMB_RETURN_IF_ERROR(WriteRecord(directory, target_.stored, selection, history));
    }
    if (lock.valid()) RemoveLeftovers(directory, manifest);
    return std::move(result_);
  }

 private:
  absl::Status RemoveStale(const Directory& directory, const std::vector<v1::File>& files) {
    if (files.empty()) return absl::OkStatus();
    PLUMB_ASSIGN_OR_RETURN(StaleFiles stale, RemoveStaleFiles(directory, files));
    result_.removed.insert(result_.removed.end(), stale.removed.begin(), stale.removed.end());
    result_.kept = std::move(stale.kept);
    return absl::OkStatus();
  }

  Connection& connection_;
  const PullOptions& options_;
  const Operation& operation_;
  const PullTarget& target_;
  PullResult result_;
};

absl::StatusOr<PullResult> PullInto(Connection& connection, const PullOptions& options, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(PullTarget target, FindPullTarget(connection, options, operation));
  PLUMB_RETURN_IF_ERROR(CheckTheWay(connection, options, FolderBefore::Read(options.folder), target));
  if (connection.offline()) PLUMB_RETURN_IF_ERROR(CheckAllIsHere(options, target));
  PLUMB_ASSIGN_OR_RETURN(PullResult result, FolderPull(connection, options, operation, target).Run());
  result.digest = target.stored.digest;
  result.model = target.stored.manifest.model();
  result.version = target.stored.manifest.version();
  result.license = target.stored.manifest.license();
  result.yanked = target.release.yanked();
  result.yank_reason = target.release.yank_reason();
  return result;
}

}  // namespace

absl::StatusOr<PullResult> Pull(Connection& connection, const PullOptions& options, const Operation& operation) {
  absl::StatusOr<PullResult> result = PullInto(connection, options, operation);
  if (!result.ok()) return AsLocalStorage(result.status());
  return result;
}

}  // namespace plumb
