#include "registry/catalogue/publisher.h"

#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/catalogue/file_verifier.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/model_summary.h"
#include "registry/catalogue/records.h"
#include "registry/storage/timestamp.h"

namespace plumb {
namespace {

Digest RootOf(const v1::File& file) { return *Digest::FromBytes(file.tree_root()); }

v1::Release DescribeRelease(const StoredManifest& stored, const std::string& actor, uint64_t sequence, TimePoint now) {
  const v1::Manifest& manifest = stored.manifest;
  v1::Release release;
  release.set_model(manifest.model());
  release.set_version(manifest.version());
  release.set_digest(stored.digest.ToBytes());
  release.set_kind(manifest.kind());
  *release.mutable_published_at() = ToTimestamp(now);
  release.set_published_by(actor);
  release.set_size_bytes(TotalBytes(manifest));
  release.set_file_count(static_cast<uint32_t>(manifest.files_size()));
  release.set_license(manifest.license());
  if (manifest.has_lineage()) release.set_parent_digest(manifest.lineage().parent_digest());
  if (manifest.has_checkpoint()) *release.mutable_checkpoint() = manifest.checkpoint();
  release.set_sequence(sequence);
  return release;
}

// Brings a model's record up to the newest release.
void DescribeModel(const v1::Manifest& manifest, const std::string& actor, TimePoint now, v1::Model* model) {
  model->set_name(manifest.model());
  *model->mutable_card() = manifest.card();
  model->set_license(manifest.license());
  model->set_release_count(model->release_count() + 1);
  model->set_newest_version(manifest.version());
  *model->mutable_updated_at() = ToTimestamp(now);
  AddToSummary(manifest, actor, model);
}

// The release that has this digest already, or the refusal when its version is taken.
absl::StatusOr<std::optional<v1::Release>> FindStanding(const MetadataStore& store, const StoredManifest& stored) {
  const v1::Manifest& manifest = stored.manifest;
  PLUMB_ASSIGN_OR_RETURN(
      std::optional<v1::Release> release,
      FindRecord<v1::Release>(store, keys::Release(manifest.model(), manifest.version()), "a release"));
  if (!release.has_value() || release->digest() == stored.digest.ToBytes()) return release;
  return AlreadyExists(fmt::format("{}@{} is the release {}, a version is never reused; this manifest is {}",
                                   manifest.model(), manifest.version(),
                                   Digest::FromBytes(release->digest())->ToString(), stored.digest.ToString()));
}

}  // namespace

absl::StatusOr<Publisher::Result> Publisher::Commit(StoredManifest stored, const std::string& actor, NameClash clash) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> standing, FindStanding(*store_, stored));
  if (standing.has_value()) return Result{*std::move(standing), true};
  return MakeVisible(stored, actor, clash);
}

absl::Status Publisher::CheckAllPresent(const v1::Manifest& manifest) const {
  MissingContent missing;
  for (const v1::File& file : manifest.files()) {
    PLUMB_RETURN_IF_ERROR(CheckPresence(file, content_, &missing));
    if (missing.full()) break;
  }
  return missing.ToStatus();
}

absl::Status Publisher::MarkLive(const v1::Manifest& manifest) {
  for (const v1::File& file : manifest.files()) {
    content_->gate().AddLive(RootOf(file));
    PLUMB_RETURN_IF_ERROR(content_->lists().ForEachPage(RootOf(file), [&](uint64_t, std::span<const ChunkRef> chunks) {
      for (const ChunkRef& chunk : chunks) content_->gate().AddLive(chunk.digest);
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<Publisher::Result> Publisher::MakeVisible(const StoredManifest& stored, const std::string& actor,
                                                         NameClash clash) {
  // From here to the end nothing is swept, so what is present stays until the release names it.
  auto rely = content_->gate().Rely();
  PLUMB_RETURN_IF_ERROR(CheckAllPresent(stored.manifest));
  PLUMB_RETURN_IF_ERROR(MarkLive(stored.manifest));
  const v1::Manifest& manifest = stored.manifest;
  Result result;
  auto prepare = [&](uint64_t sequence, TimePoint now,
                     Transaction* transaction) -> absl::StatusOr<std::optional<v1::Event>> {
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> standing, FindStanding(*store_, stored));
    if (standing.has_value()) {
      result = {*std::move(standing), true};
      return std::optional<v1::Event>();
    }
    if (clash == NameClash::kRefuse) {
      PLUMB_RETURN_IF_ERROR(CheckNewVersion(*store_, manifest.model(), manifest.version()));
    }
    result = {DescribeRelease(stored, actor, sequence, now), false};
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Model> model,
                           FindRecord<v1::Model>(*store_, keys::Model(manifest.model()), "a model"));
    if (!model.has_value()) model.emplace();
    DescribeModel(manifest, actor, now, &*model);

    std::string release_key = keys::Release(manifest.model(), manifest.version());
    transaction->RequireAbsent(release_key);
    transaction->Put(release_key, result.release.SerializeAsString());
    transaction->Put(keys::Manifest(stored.digest), stored.bytes);
    transaction->Put(keys::ReleaseDigest(stored.digest), manifest.model() + '\0' + manifest.version());
    transaction->Put(keys::Order(manifest.model(), sequence), manifest.version());
    transaction->Put(keys::Model(manifest.model()), model->SerializeAsString());
    v1::Event event;
    event.set_kind(v1::EVENT_KIND_PUBLISH);
    event.set_actor(actor);
    event.set_model(manifest.model());
    event.set_version(manifest.version());
    event.set_digest(stored.digest.ToBytes());
    return std::optional<v1::Event>(std::move(event));
  };
  PLUMB_RETURN_IF_ERROR(journal_->Append(prepare).status());
  return result;
}

}  // namespace plumb
