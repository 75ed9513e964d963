// A registry's metadata with any number of releases, as publishing them one by one would leave it, made in
// large transactions.
#ifndef PLUMB_TESTS_BENCH_SYNTHETIC_CATALOGUE_H_
#define PLUMB_TESTS_BENCH_SYNTHETIC_CATALOGUE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Release number i is the next of model i modulo `models`. Every model's tag `latest` points to its newest release, and
// `stable` to its first. What a name or number means never changes, so that a reader can tell a wrong answer.
class SyntheticCatalogue {
 public:
  // REQUIRES: models >= 1, releases >= models.
  SyntheticCatalogue(uint64_t releases, uint64_t models) : releases_(releases), models_(models) {}

  // Writes everything into an empty store.
  absl::Status Fill(MetadataStore* store);

  uint64_t releases() const { return releases_; }
  uint64_t models() const { return models_; }
  // Of release `i`.
  std::string ModelName(uint64_t i) const;
  std::string Version(uint64_t i) const;
  StoredManifest Manifest(uint64_t i) const;
  // The number of the newest release of the model that has release `i`, and of its first.
  uint64_t NewestOf(uint64_t i) const;
  uint64_t FirstOf(uint64_t i) const { return i % models_; }

 private:
  void AddRelease(uint64_t i, Transaction* transaction);
  void AddTag(uint64_t i, const std::string& tag, Transaction* transaction);
  void AddEvent(v1::Event event, Transaction* transaction);
  // Commits what was gathered, with the number of its newest event.
  absl::Status Commit(Transaction transaction, MetadataStore* store);

  const uint64_t releases_;
  const uint64_t models_;
  uint64_t sequence_ = 0;
  uint64_t committed_ = 0;  // sequence_ when last committed.
};

}  // namespace plumb

#endif  // PLUMB_TESTS_BENCH_SYNTHETIC_CATALOGUE_H_
