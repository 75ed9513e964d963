// What a pull is about: a release, some of its files, and a folder with what stands in it.
#ifndef PLUMB_CLIENT_LIBRARY_PULL_TARGET_H_
#define PLUMB_CLIENT_LIBRARY_PULL_TARGET_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/library/in_the_way.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/client/pull.h"
#include "plumb/client/release_folder.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

struct PullTarget {
  v1::Release release;
  StoredManifest stored;
  // Selected files.
  std::vector<std::string> paths;
};

// Asks what the reference means, and chooses the files. An offline connection that does not know is helped by the
// release that stands in the folder, where that is the one meant.
absl::StatusOr<PullTarget> FindPullTarget(Connection& connection, const PullOptions& options,
                                          const Operation& operation);

// The chunk list of a file: what the folder has, else what the connection says.
absl::StatusOr<ChunkList> ChunkListFor(Connection& connection, const Directory& folder, const v1::File& file);

// What an earlier pull left in a folder.
class FolderBefore {
 public:
  // Reads the record, if there is one.
  static FolderBefore Read(const std::string& folder);

  // The release that stands there; none when no pull made the folder, or its record is damaged.
  const std::optional<ReleaseFolder>& release() const { return release_; }
  // Files that a pull put there, as far as is known; with a damaged record all of `manifest`.
  std::set<std::string> OwnedPaths(const v1::Manifest& manifest) const;
  // Files of another release than `target`'s that are not of it, or not as it has them, and not selected.
  std::vector<v1::File> Stale(const PullTarget& target) const;
  // The selection to be recorded for `target`: with it what stands there of the same bytes already.
  std::vector<std::string> Selection(const PullTarget& target) const;

 private:
  bool damaged_ = false;
  std::optional<ReleaseFolder> release_;
};

// What is in the way of `target` in the folder, which may not exist.
absl::StatusOr<std::vector<Obstacle>> FindObstaclesOf(Connection& connection, const std::string& folder,
                                                      const FolderBefore& before, const PullTarget& target);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PULL_TARGET_H_
