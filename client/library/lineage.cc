#include "client/library/lineage.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/release_folder.h"

namespace plumb {
namespace {

// How `manifest` was made from a release of `parent_model`, by what its files say.
v1::Relation RelationTo(const std::string& parent_model, const v1::Manifest& manifest) {
  if (manifest.kind() == v1::KIND_CHECKPOINT && parent_model == manifest.model()) return v1::RELATION_CONTINUED;
  for (const v1::BaseModel& base : manifest.facts().base_models()) {
    if (base.name() == parent_model) return base.relation();
  }
  return manifest.facts().form() == "adapter" ? v1::RELATION_ADAPTED : v1::RELATION_FINE_TUNED;
}

bool SameFiles(const v1::Manifest& a, const v1::Manifest& b) {
  return std::equal(
      a.files().begin(), a.files().end(), b.files().begin(), b.files().end(),
      [](const v1::File& x, const v1::File& y) { return x.path() == y.path() && x.sha256() == y.sha256(); });
}

}  // namespace

absl::Status LineageFinder::NameParent(const v1::Release& parent, v1::Manifest* manifest) {
  PLUMB_ASSIGN_OR_RETURN(near_, Digest::FromBytes(parent.digest()));
  v1::Lineage* lineage = manifest->mutable_lineage();
  lineage->set_parent_digest(parent.digest());
  lineage->set_parent_reference(fmt::format("{}@{}", parent.model(), parent.version()));
  lineage->set_relation(RelationTo(parent.model(), *manifest));
  return absl::OkStatus();
}

absl::Status LineageFinder::FindBase(v1::Manifest* manifest) {
  for (const v1::BaseModel& base : manifest->facts().base_models()) {
    if (base.name() == manifest->model() || !ValidateModelName(base.name()).ok()) continue;
    absl::StatusOr<v1::Release> release =
        Resolve(connection_, {.registry = {}, .model = base.name(), .version = {}, .tag = {}, .digest_hex = {}});
    if (release.ok()) return NameParent(*release, manifest);
    if (!absl::IsNotFound(release.status()) && !absl::IsPermissionDenied(release.status())) return release.status();
  }
  return absl::OkStatus();
}

absl::Status LineageFinder::Begin(v1::Manifest* manifest) {
  absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(options_.folder);
  if (folder.ok()) pulled_ = folder->manifest();
  if (options_.parent.has_value()) {
    PLUMB_ASSIGN_OR_RETURN(v1::Release parent, Resolve(connection_, *options_.parent));
    return NameParent(parent, manifest);
  }
  if (!pulled_.has_value()) return FindBase(manifest);
  absl::StatusOr<StoredManifest> here = GetManifest(connection_, pulled_->digest);
  if (here.ok()) near_ = pulled_->digest;
  // It may have been pulled from another registry.
  return here.ok() || absl::IsNotFound(here.status()) ? absl::OkStatus() : here.status();
}

absl::Status LineageFinder::Adopt(const v1::Release& standing, v1::Manifest* manifest) const {
  if (options_.parent.has_value() || pulled_.has_value()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(standing.digest()));
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(connection_, digest));
  manifest->clear_lineage();
  if (stored.manifest.has_lineage()) *manifest->mutable_lineage() = stored.manifest.lineage();
  return absl::OkStatus();
}

void LineageFinder::Finish(v1::Manifest* manifest) const {
  if (!pulled_.has_value()) return;
  const v1::Manifest& pulled = pulled_->manifest;
  for (v1::File& file : *manifest->mutable_files()) {
    // What plumb made stays so.
    const v1::File* before = FindFile(pulled, file.path());
    if (before != nullptr && before->sha256() == file.sha256()) file.set_generated(before->generated());
  }
  if (options_.parent.has_value()) return;
  manifest->clear_lineage();
  if (SameFiles(*manifest, pulled)) {
    if (pulled.has_lineage()) *manifest->mutable_lineage() = pulled.lineage();
    return;
  }
  v1::Lineage* lineage = manifest->mutable_lineage();
  lineage->set_parent_digest(pulled_->digest.ToBytes());
  lineage->set_parent_reference(fmt::format("{}@{}", pulled.model(), pulled.version()));
  lineage->set_relation(RelationTo(pulled.model(), *manifest));
}

}  // namespace plumb
