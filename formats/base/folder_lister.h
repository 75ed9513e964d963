// Walks a folder.
#ifndef PLUMB_FORMATS_BASE_FOLDER_LISTER_H_
#define PLUMB_FORMATS_BASE_FOLDER_LISTER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "plumb/base/ignore_rules.h"

namespace plumb {

// What Directory::List returns, of the folder that `fd` is open for. Links are errors unless `follows_links`; then
// `directory` says which are.
absl::StatusOr<std::vector<DirectoryEntry>> ListBelow(const Directory& directory, UniqueFd fd, bool follows_links,
                                                      const LeavesOut& leaves_out);

}  // namespace plumb

#endif  // PLUMB_FORMATS_BASE_FOLDER_LISTER_H_
