// Committing a manifest whose content is there.
#ifndef PLUMB_CLIENT_LIBRARY_COMMIT_H_
#define PLUMB_CLIENT_LIBRARY_COMMIT_H_

#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/manifest/manifest.h"

namespace plumb {

// What the registry answered.
struct CommitOutcome {
  v1::Release release;
  bool existed = false;
};

// Commits, reporting how far the registry has checked. FAILED_PRECONDITION when content is missing. `mirrored`: repeats
// what another registry did, which may be a version with the name of a tag.
absl::StatusOr<CommitOutcome> CommitManifest(Connection& connection, const StoredManifest& manifest,
                                             const Operation& operation, bool mirrored = false);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_COMMIT_H_
