// What a release still lacks.
#ifndef PLUMB_REGISTRY_CATALOGUE_MISSING_CONTENT_H_
#define PLUMB_REGISTRY_CATALOGUE_MISSING_CONTENT_H_

#include <cstddef>
#include <unordered_set>

#include "absl/status/status.h"
#include "plumb/content/digest.h"
#include "plumb/v1/errors.pb.h"

namespace plumb {

// Collects missing chunks and lists, each once, up to the number that a status can carry. Not thread-safe.
class MissingContent {
 public:
  static constexpr size_t kEntriesMax = 100;
  // Type of the status payload; its value is a serialized v1::MissingContent.
  static constexpr char kPayloadUrl[] = "type.googleapis.com/plumb.v1.MissingContent";

  void AddChunk(const Digest& digest);
  void AddList(const Digest& tree_root);
  bool empty() const { return seen_.empty(); }
  // No more will be taken.
  bool full() const { return seen_.size() >= kEntriesMax; }
  // OK when nothing is missing, else FAILED_PRECONDITION with the entries as payload.
  absl::Status ToStatus() const;

 private:
  std::unordered_set<Digest> seen_;
  v1::MissingContent entries_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_MISSING_CONTENT_H_
