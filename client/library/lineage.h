// What a release was made from.
#ifndef PLUMB_CLIENT_LIBRARY_LINEAGE_H_
#define PLUMB_CLIENT_LIBRARY_LINEAGE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/publish.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"

namespace plumb {

// Finds the parent of a release that is being published: the one that the call names; else, of a folder that was
// pulled, the release that it was, unless nothing in it was changed; else the first model that its files name as their
// base and that this registry has. Used by one thread.
class LineageFinder {
 public:
  // All must outlive the object.
  LineageFinder(Connection& connection, const PublishOptions& options) : connection_(connection), options_(options) {}

  // Sets the lineage as far as it is known before the files are hashed.
  absl::Status Begin(v1::Manifest* manifest);
  // A release in the same registry, or none, whose chunks this one's are likely to be near.
  const std::optional<Digest>& near() const { return near_; }
  // The same version stands already: what it says of its parent was found as it would be now.
  absl::Status Adopt(const v1::Release& standing, v1::Manifest* manifest) const;
  // Sets the rest. `manifest` has its files.
  void Finish(v1::Manifest* manifest) const;

 private:
  absl::Status NameParent(const v1::Release& parent, v1::Manifest* manifest);
  absl::Status FindBase(v1::Manifest* manifest);

  Connection& connection_;
  const PublishOptions& options_;
  std::optional<StoredManifest> pulled_;  // What the folder was pulled as.
  std::optional<Digest> near_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_LINEAGE_H_
