#include "tests/bench/synthetic_catalogue.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"

namespace plumb {
namespace {

constexpr uint64_t kReleasesInTransaction = 1000;
constexpr int kTensors = 12;
constexpr int64_t kFirstSecond = 1'800'000'000;

v1::File WeightFile(uint64_t i) {
  constexpr uint64_t kTensorBytes = 16u << 20;
  v1::File file;
  file.set_path("model.safetensors");
  file.set_size_bytes(kTensors * kTensorBytes + 1000);
  file.set_sha256(Sha256Of(fmt::format("weights {}", i)).ToBytes());
  file.set_tree_root(Sha256Of(fmt::format("weights root {}", i)).ToBytes());
  file.set_chunk_count(kTensors * 16 + 1);
  for (uint64_t t = 0; t < kTensors; ++t) {
    v1::Tensor* tensor = file.add_tensors();
    tensor->set_name(fmt::format("model.layers.{}.self_attn.q_proj.weight", t));
    tensor->set_dtype("BF16");
    tensor->add_shape(2048);
    tensor->add_shape(4096);
    tensor->set_begin(1000 + t * kTensorBytes);
    tensor->set_end(1000 + (t + 1) * kTensorBytes);
  }
  return file;
}

v1::File TextFile(const std::string& path, uint64_t i) {
  v1::File file;
  file.set_path(path);
  file.set_size_bytes(1000 + i % 1000);
  file.set_sha256(Sha256Of(fmt::format("{} {}", path, i)).ToBytes());
  file.set_tree_root(Sha256Of(fmt::format("{} root {}", path, i)).ToBytes());
  file.set_chunk_count(1);
  return file;
}

v1::Card CardOf(uint64_t model) {
  v1::Card card;
  card.set_title(fmt::format("Synthetic model {}", model));
  card.set_description("A model that no one trained, to see how a registry holds up under many of them.");
  card.add_tags("text-generation");
  card.add_tags(fmt::format("rare{}", model));
  return card;
}

}  // namespace

std::string SyntheticCatalogue::ModelName(uint64_t i) const {
  const uint64_t model = i % models_;
  return fmt::format("lab-{:03}/model-{:06}", model % 997, model);
}

std::string SyntheticCatalogue::Version(uint64_t i) const { return fmt::format("v{}", i / models_ + 1); }

uint64_t SyntheticCatalogue::NewestOf(uint64_t i) const {
  const uint64_t first = FirstOf(i);
  return first + (releases_ - 1 - first) / models_ * models_;
}

StoredManifest SyntheticCatalogue::Manifest(uint64_t i) const {
  v1::Manifest manifest;
  manifest.set_schema_version(1);
  manifest.set_model(ModelName(i));
  manifest.set_version(Version(i));
  manifest.set_kind(v1::KIND_WEIGHTS);
  manifest.set_license("Apache-2.0");
  for (const char* path : {"README.md", "config.json"}) *manifest.add_files() = TextFile(path, i);
  *manifest.add_files() = WeightFile(i);
  *manifest.add_files() = TextFile("tokenizer.json", i);
  *manifest.mutable_card() = CardOf(FirstOf(i));
  return *BuildManifest(std::move(manifest));
}

void SyntheticCatalogue::AddEvent(v1::Event event, Transaction* transaction) {
  event.set_sequence(sequence_);
  event.mutable_time()->set_seconds(kFirstSecond + static_cast<int64_t>(sequence_));
  event.set_actor("publisher");
  transaction->Put(keys::Event(sequence_), event.SerializeAsString());
}

void SyntheticCatalogue::AddRelease(uint64_t i, Transaction* transaction) {
  const StoredManifest stored = Manifest(i);
  const v1::Manifest& manifest = stored.manifest;
  ++sequence_;
  v1::Release release;
  release.set_model(manifest.model());
  release.set_version(manifest.version());
  release.set_digest(stored.digest.ToBytes());
  release.set_kind(manifest.kind());
  release.mutable_published_at()->set_seconds(kFirstSecond + static_cast<int64_t>(sequence_));
  release.set_published_by("publisher");
  release.set_size_bytes(TotalBytes(manifest));
  release.set_file_count(static_cast<uint32_t>(manifest.files_size()));
  release.set_license(manifest.license());
  release.set_sequence(sequence_);
  v1::Model model;
  model.set_name(manifest.model());
  *model.mutable_card() = manifest.card();
  model.set_license(manifest.license());
  model.set_release_count(i / models_ + 1);
  model.set_newest_version(manifest.version());
  *model.mutable_updated_at() = release.published_at();
  transaction->Put(keys::Release(manifest.model(), manifest.version()), release.SerializeAsString());
  transaction->Put(keys::Manifest(stored.digest), stored.bytes);
  transaction->Put(keys::ReleaseDigest(stored.digest), manifest.model() + '\0' + manifest.version());
  transaction->Put(keys::Order(manifest.model(), sequence_), manifest.version());
  transaction->Put(keys::Model(manifest.model()), model.SerializeAsString());
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_PUBLISH);
  event.set_model(manifest.model());
  event.set_version(manifest.version());
  event.set_digest(release.digest());
  AddEvent(std::move(event), transaction);
}

void SyntheticCatalogue::AddTag(uint64_t i, const std::string& name, Transaction* transaction) {
  ++sequence_;
  v1::Tag tag;
  tag.set_name(name);
  tag.set_digest(Manifest(i).digest.ToBytes());
  tag.set_version(Version(i));
  tag.set_revision(1);
  v1::TagMove move;
  move.set_revision(1);
  move.set_new_digest(tag.digest());
  move.mutable_moved_at()->set_seconds(kFirstSecond + static_cast<int64_t>(sequence_));
  move.set_moved_by("publisher");
  move.set_sequence(sequence_);
  transaction->Put(keys::Tag(ModelName(i), name), tag.SerializeAsString());
  transaction->Put(keys::TagMove(ModelName(i), name, 1), move.SerializeAsString());
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_TAG);
  event.set_model(ModelName(i));
  event.set_version(tag.version());
  event.set_digest(tag.digest());
  event.set_tag(name);
  AddEvent(std::move(event), transaction);
}

absl::Status SyntheticCatalogue::Commit(Transaction transaction, MetadataStore* store) {
  if (committed_ == 0) {
    transaction.RequireAbsent(std::string(keys::kHead));
  } else {
    transaction.RequireValue(std::string(keys::kHead), keys::BigEndian64(committed_));
  }
  transaction.Put(std::string(keys::kHead), keys::BigEndian64(sequence_));
  PLUMB_RETURN_IF_ERROR(store->Commit(transaction));
  committed_ = sequence_;
  return absl::OkStatus();
}

absl::Status SyntheticCatalogue::Fill(MetadataStore* store) {
  // No more than one release of a model in a transaction: a key is put once in each.
  const uint64_t batch = std::min(kReleasesInTransaction, models_);
  for (uint64_t begin = 0; begin < releases_; begin += batch) {
    Transaction transaction;
    for (uint64_t i = begin; i < std::min(begin + batch, releases_); ++i) AddRelease(i, &transaction);
    PLUMB_RETURN_IF_ERROR(Commit(std::move(transaction), store));
  }
  for (uint64_t begin = 0; begin < models_; begin += batch) {
    Transaction transaction;
    for (uint64_t i = begin; i < std::min(begin + batch, models_); ++i) {
      AddTag(NewestOf(i), "latest", &transaction);
      AddTag(i, "stable", &transaction);
    }
    PLUMB_RETURN_IF_ERROR(Commit(std::move(transaction), store));
  }
  return absl::OkStatus();
}

}  // namespace plumb
