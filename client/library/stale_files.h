// Files of a release that stood in a folder before another one was pulled there.
#ifndef PLUMB_CLIENT_LIBRARY_STALE_FILES_H_
#define PLUMB_CLIENT_LIBRARY_STALE_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// What became of them.
struct StaleFiles {
  std::vector<std::string> removed;
  // Somebody changed these since they were pulled.
  std::vector<std::string> kept;
};

// Removes those of `files` that are as they were pulled, by the chunk lists that the record has, and folders that
// become empty. What cannot be read or compared is kept.
absl::StatusOr<StaleFiles> RemoveStaleFiles(const Directory& folder, const std::vector<v1::File>& files);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_STALE_FILES_H_
