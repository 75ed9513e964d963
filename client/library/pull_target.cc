#include "client/library/pull_target.h"

#include <utility>

#include "client/library/folder_history.h"
#include "client/library/folder_record.h"
#include "client/library/folder_release.h"
#include "client/library/pull_selection.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/cached_releases.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

absl::StatusOr<StoredManifest> ManifestFor(Connection& connection, const PullOptions& options, const Digest& digest) {
  absl::StatusOr<StoredManifest> manifest = GetManifest(connection, digest);
  if (manifest.ok() || !connection.offline()) return manifest;
  absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(options.folder);
  if (folder.ok() && folder->manifest().digest == digest) return folder->manifest();
  return manifest;
}

// A file of the manifest without what only a reader of its tensors needs.
v1::File Outline(const v1::File& file) {
  v1::File outline;
  outline.set_path(file.path());
  outline.set_size_bytes(file.size_bytes());
  outline.set_tree_root(file.tree_root());
  outline.set_chunk_count(file.chunk_count());
  return outline;
}

}  // namespace

absl::StatusOr<PullTarget> FindPullTarget(Connection& connection, const PullOptions& options,
                                          const Operation& operation) {
  PullTarget target;
  absl::StatusOr<v1::Release> release = Resolve(connection, options.reference);
  if (!release.ok() && connection.offline()) {
    absl::StatusOr<v1::Release> here = ReleaseInFolder(options.folder, connection.registry(), options.reference);
    if (here.ok()) release = std::move(here);
  }
  PLUMB_RETURN_IF_ERROR(release.status());
  target.release = *std::move(release);
  if (std::string warning = NamesakeWarning(options.reference, target.release); !warning.empty()) {
    operation.Warn(warning);
  }
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(target.release.digest()));
  PLUMB_ASSIGN_OR_RETURN(target.stored, ManifestFor(connection, options, digest));
  const v1::Manifest& manifest = target.stored.manifest;
  if (manifest.model() != target.release.model() || manifest.version() != target.release.version()) {
    return WithErrorClass(
        DataLoss(fmt::format("registry {} calls {}@{} what its manifest calls {}@{}", connection.registry(),
                             target.release.model(), target.release.version(), manifest.model(), manifest.version())),
        ErrorClass::kVerification);
  }
  PLUMB_ASSIGN_OR_RETURN(target.paths, SelectFiles(manifest, options, operation));
  return target;
}

absl::StatusOr<ChunkList> ChunkListFor(Connection& connection, const Directory& folder, const v1::File& file) {
  absl::StatusOr<ChunkList> list = LoadChunkList(folder, file);
  if (!list.ok()) return GetChunkList(connection, file);
  if (connection.memory() != nullptr) RememberChunkList(*connection.memory(), *list).IgnoreError();
  return list;
}

FolderBefore FolderBefore::Read(const std::string& folder) {
  FolderBefore before;
  absl::StatusOr<ReleaseFolder> release = ReleaseFolder::Open(folder);
  if (release.ok()) {
    before.release_ = *std::move(release);
  } else {
    before.damaged_ = ErrorClassOf(release.status()) == ErrorClass::kVerification;
  }
  return before;
}

std::set<std::string> FolderBefore::OwnedPaths(const v1::Manifest& manifest) const {
  std::set<std::string> owned;
  if (damaged_) {
    for (const v1::File& file : manifest.files()) owned.insert(file.path());
  }
  if (!release_.has_value()) return owned;
  owned.insert(release_->selected().begin(), release_->selected().end());
  for (const v1::File& file : release_->history().replaced) owned.insert(file.path());
  return owned;
}

std::vector<v1::File> FolderBefore::Stale(const PullTarget& target) const {
  std::vector<v1::File> stale;
  if (!release_.has_value()) return stale;
  const std::vector<std::string> selection = Selection(target);
  std::set<std::string> known(selection.begin(), selection.end());
  auto add = [&](const v1::File& file) {
    if (known.insert(file.path()).second) stale.push_back(Outline(file));
  };
  for (const std::string& path : release_->selected()) add(*FindFile(release_->manifest().manifest, path));
  for (const v1::File& file : release_->history().replaced) add(file);
  return stale;
}

std::vector<std::string> FolderBefore::Selection(const PullTarget& target) const {
  std::set<std::string> selection(target.paths.begin(), target.paths.end());
  if (!release_.has_value()) return {selection.begin(), selection.end()};
  const bool same = release_->manifest().digest == target.stored.digest;
  for (const std::string& path : release_->selected()) {
    const v1::File* now = FindFile(target.stored.manifest, path);
    const v1::File* then = FindFile(release_->manifest().manifest, path);
    if (now == nullptr) continue;
    const bool stands = now->tree_root() == then->tree_root() && release_->directory().Stat(path).ok();
    if (same || stands) selection.insert(path);
  }
  return {selection.begin(), selection.end()};
}

absl::StatusOr<std::vector<Obstacle>> FindObstaclesOf(Connection& connection, const std::string& folder,
                                                      const FolderBefore& before, const PullTarget& target) {
  absl::StatusOr<Directory> directory = Directory::Open(folder);
  if (absl::IsNotFound(directory.status())) return std::vector<Obstacle>();
  PLUMB_RETURN_IF_ERROR(directory.status());
  return FindObstacles(*directory, target.stored.manifest, target.paths, before.OwnedPaths(target.stored.manifest),
                       [&](const v1::File& file) { return ChunkListFor(connection, *directory, file); });
}

}  // namespace plumb
