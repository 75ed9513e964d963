// What stands in a folder where a release's files are to be.
#ifndef PLUMB_CLIENT_LIBRARY_IN_THE_WAY_H_
#define PLUMB_CLIENT_LIBRARY_IN_THE_WAY_H_

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Gives the chunk list of a file of the release.
using ChunkListSource = std::function<absl::StatusOr<ChunkList>(const v1::File& file)>;

// A person's own file that a pull would replace, or something that no pull can replace.
struct Obstacle {
  std::string path;
  // `other bytes`, `a folder`, `a link`, `a file where a folder must be`.
  std::string what;
  bool replaceable = false;
};

// The obstacles to putting the files at `paths` of `manifest` into the folder. Files at `owned` paths, which an earlier
// pull put there, are none, nor are files that have the release's bytes already.
absl::StatusOr<std::vector<Obstacle>> FindObstacles(const Directory& folder, const v1::Manifest& manifest,
                                                    const std::vector<std::string>& paths,
                                                    const std::set<std::string>& owned, const ChunkListSource& lists);

// ALREADY_EXISTS, ErrorClass::kPolicy, naming them; OK when there are none.
absl::Status RefuseObstacles(const std::string& folder, const v1::Manifest& manifest,
                             const std::vector<Obstacle>& obstacles);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_IN_THE_WAY_H_
