// Finding what is broken.
#ifndef PLUMB_REGISTRY_CATALOGUE_FSCK_H_
#define PLUMB_REGISTRY_CATALOGUE_FSCK_H_

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "plumb/v1/admin.pb.h"
#include "plumb/v1/manifest.pb.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/digest_set.h"

namespace plumb {

// Re-reads everything: hashes each pack and each chunk, recomputes each chunk list's root, parses and
// hashes each manifest, looks for every chunk a release needs, follows tags and counts events. A file whose bytes were
// never compared with the SHA-256 that its publisher stated is read and compared, and the result marked
// (keys::Verified): what the tree root names cannot change.
// Runs beside publishing. Memory: 32 bytes for each chunk, more for each broken one. Not thread-safe; use once.
class Fsck {
 public:
  // Hears of each problem as it is known, and of progress between (messages without a
  // problem); an error ends the check.
  using Observer = std::function<absl::Status(const v1::FsckResponse& message)>;

  // Both must outlive the object. `quarantine`: put damaged chunks aside.
  Fsck(MetadataStore* store, Content* content, bool quarantine, Observer observer)
      : store_(*store), content_(*content), quarantine_(quarantine), observer_(std::move(observer)) {}

  // Checks everything; the last message has `done` set. An error means that the check itself could not go on.
  absl::Status Run();

 private:
  // What is wrong with one chunk.
  struct Damage {
    std::string message;
    std::set<std::string> needed_by;
  };

  // A chunk that was read, or why it was not.
  struct ReadChunk {
    Digest digest;
    absl::StatusOr<std::vector<uint8_t>> bytes;
  };

  absl::Status CheckPacks();
  absl::Status CheckChunks();
  // Hashes chunks side by side.
  absl::Status CheckGroup(std::span<const ReadChunk> group);
  absl::Status NoteDamage(const Digest& digest, std::string message);
  absl::Status CheckLists();
  absl::Status CheckReleases();
  absl::Status CheckFile(const v1::File& file, const std::string& release);
  // Compares the bytes of a file whose chunks are all there with what its publisher said.
  absl::Status CheckWholeFile(const v1::File& file, const Digest& root, const std::string& release);
  absl::Status CheckTags();
  absl::Status CheckEvents();
  absl::Status ReportDamagedChunks();
  absl::Status Report(std::string_view kind, std::string subject, std::string message,
                      const std::set<std::string>& needed_by = {});

  MetadataStore& store_;
  Content& content_;
  const bool quarantine_;
  const Observer observer_;
  v1::FsckResponse totals_;
  DigestSet seen_;  // Chunks that were there when we looked.
  std::map<Digest, Damage> damaged_;
  std::unordered_map<Digest, std::string> bad_lists_;  // Lists that cannot be relied on, and why.
  std::unordered_map<Digest, Digest> hashed_;          // SHA-256 of files that were read, by tree root.
  std::set<std::string> marks_;                        // The keys of verified_.
  Transaction verified_;                               // Marks of files that are what their publisher said.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_FSCK_H_
