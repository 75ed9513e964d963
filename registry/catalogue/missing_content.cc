#include "registry/catalogue/missing_content.h"

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

void MissingContent::AddChunk(const Digest& digest) {
  if (!full() && seen_.insert(digest).second) entries_.add_chunk_digests(digest.ToBytes());
}

void MissingContent::AddList(const Digest& tree_root) {
  if (!full() && seen_.insert(tree_root).second) entries_.add_tree_roots(tree_root.ToBytes());
}

absl::Status MissingContent::ToStatus() const {
  if (empty()) return absl::OkStatus();
  absl::Status status =
      FailedPrecondition(fmt::format("the release lacks {}{} chunks and {} chunk lists", full() ? "at least " : "",
                                     entries_.chunk_digests_size(), entries_.tree_roots_size()));
  status.SetPayload(kPayloadUrl, absl::Cord(entries_.SerializeAsString()));
  return status;
}

}  // namespace plumb
