// What a user names on this machine to have it read: a folder, or a file in one.
#ifndef PLUMB_BASE_LOCAL_PATH_H_
#define PLUMB_BASE_LOCAL_PATH_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"

namespace plumb {

struct LocalPath {
  Directory folder;  // As Directory::OpenFollowingLinks.
  std::string file;  // The file's name in it; empty when the folder is what was named.
};

// Opens what `path` names. A link that is named itself is the user's own word and followed wherever it leads: the file
// then keeps its name and folder when that folder's rule allows the link, so that the files beside it are found (a
// snapshot in a hub cache), and is taken where it lies when not. NOT_FOUND: "no such file or directory".
absl::StatusOr<LocalPath> OpenLocalPath(const std::string& path);

}  // namespace plumb

#endif  // PLUMB_BASE_LOCAL_PATH_H_
