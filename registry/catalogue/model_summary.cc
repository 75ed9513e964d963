#include "registry/catalogue/model_summary.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"
#include "registry/catalogue/releases.h"

namespace plumb {
namespace {

using Words = google::protobuf::RepeatedPtrField<std::string>;

// Of what summaries hold: a registry that has an older one makes them again.
constexpr char kDone[] = "2";

// Keeps `words` sorted, and `word` among them.
void AddWord(std::string_view word, Words* words) {
  if (word.empty() || std::find(words->begin(), words->end(), word) != words->end()) return;
  if (words->size() == kSummaryEntriesMax) words->RemoveLast();
  *words->Add() = word;
  std::sort(words->begin(), words->end());
}

// Adds one release to its model's record. A record or manifest that cannot be read is fsck's business.
absl::Status Summarise(const v1::Release& release, MetadataStore* store) {
  const std::string key = keys::Model(release.model());
  absl::StatusOr<std::string> before = store->Get(key);
  absl::StatusOr<Digest> digest = Digest::FromBytes(release.digest());
  v1::Model model;
  if (!before.ok() || !digest.ok() || !model.ParseFromString(*before)) return absl::OkStatus();
  absl::StatusOr<std::string> bytes = store->Get(keys::Manifest(*digest));
  v1::Manifest manifest;
  if (!bytes.ok() || !manifest.ParseFromString(*bytes)) return absl::OkStatus();
  AddToSummary(manifest, release.published_by(), &model);
  Transaction transaction;
  transaction.RequireValue(key, *before);
  transaction.Put(key, model.SerializeAsString());
  return store->Commit(transaction);
}

}  // namespace

void AddToSummary(const v1::Manifest& manifest, std::string_view publisher, v1::Model* model) {
  AddWord(KindName(manifest.kind()), model->mutable_kinds());
  AddWord(publisher, model->mutable_publishers());
  for (const v1::File& file : manifest.files()) {
    if (IsGolden(file.path()) || IsTrainingState(file.path())) continue;
    AddWord(FormatOfName(file.path()), model->mutable_formats());
  }
  const v1::ReleaseFacts& facts = manifest.facts();
  AddWord(facts.task(), model->mutable_tasks());
  AddWord(facts.library(), model->mutable_libraries());
  for (const v1::BaseModel& base : facts.base_models()) AddWord(base.name(), model->mutable_base_models());
  for (const std::string* trait : {&facts.family(), &facts.form(), &facts.quantisation()}) {
    AddWord(*trait, model->mutable_traits());
  }
}

absl::Status EnsureSummaries(MetadataStore* store) {
  absl::StatusOr<std::string> done = store->Get(keys::kSummaries);
  if (done.ok() && *done == kDone) return absl::OkStatus();
  if (!done.ok() && !absl::IsNotFound(done.status())) return done.status();
  std::vector<v1::Release> releases;
  PLUMB_RETURN_IF_ERROR(ForEachRelease(*store, [&](const v1::Release& release) {
    releases.push_back(release);
    return absl::OkStatus();
  }));
  for (const v1::Release& release : releases) PLUMB_RETURN_IF_ERROR(Summarise(release, store));
  Transaction transaction;
  transaction.Put(std::string(keys::kSummaries), kDone);
  return store->Commit(transaction);
}

}  // namespace plumb
