// Copying another registry's releases, tags and yanks into ours.
#ifndef PLUMB_CLIENT_MIRROR_H_
#define PLUMB_CLIENT_MIRROR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

// What to copy.
struct MirrorOptions {
  // Globs on `namespace/name`; empty: everything.
  std::vector<std::string> select;
  // Transfer streams at once.
  int parallel = 2;
};

// An event of the upstream that could not be repeated in the target.
struct MirrorFailure {
  v1::Event event;
  absl::Status status;  // Names the event.
};

// What a sync did.
struct MirrorResult {
  uint64_t events = 0;
  uint64_t releases = 0;
  uint64_t tags = 0;
  uint64_t yanks = 0;
  uint64_t copied_chunks = 0;
  uint64_t copied_bytes = 0;
  // The upstream event the copy has reached.
  uint64_t sequence = 0;
  // What could not be done because of that one release: a version that is another release here, bytes that the upstream
  // lost. In order; the next sync tries it again.
  std::vector<MirrorFailure> failed;
};

// Follows `upstream`'s events from where the last sync stopped and repeats them in `target`.
// Manifests, chunk lists and chunks are verified on the way, only missing chunks are fetched, and the copies have
// the same digests. The cursor is kept in the target registry, one for each upstream and selection,
// and moved only past what is done or noted as owed: killed and called again, it goes on. Needs `publish:*` on the
// target. An error when the sync had to stop; what failed for single releases is in the result.
absl::StatusOr<MirrorResult> SyncMirror(Connection& upstream, Connection& target, const MirrorOptions& options,
                                        const Operation& operation);

// OK when nothing failed; else one status for all that did, with the class of the worst.
absl::Status MirrorOutcome(const MirrorResult& result);

}  // namespace plumb

#endif  // PLUMB_CLIENT_MIRROR_H_
