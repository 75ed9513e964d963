// What a pulled folder is, and whether there is something newer.
#ifndef PLUMB_CLIENT_FOLDER_STATUS_H_
#define PLUMB_CLIENT_FOLDER_STATUS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/release_folder.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

// What a look at names and sizes tells.
struct FolderState {
  std::vector<std::string> missing;  // Selected, and not there.
  std::vector<std::string> changed;  // Of another size.
};

inline constexpr size_t kExtraFilesMax = 10'000;

FolderState LookAtFolder(const ReleaseFolder& folder);

// Files below `folder` that are not among the selected ones, sorted, without what git and a pull keep there. Links
// count as files. At most kExtraFilesMax.
std::vector<std::string> ExtraFiles(const ReleaseFolder& folder);

// What the registry says about a folder's release now.
struct ReleaseNews {
  // The folder's own release; absent when the registry does not know it any more.
  std::optional<v1::Release> own;
  // What the name that is followed means now: the tag by which the folder was pulled, else the model alone. Absent when
  // it means nothing any more.
  std::string followed;
  std::optional<v1::Release> newest;
  bool outdated = false;
};

absl::StatusOr<ReleaseNews> AskForNews(Connection& connection, const ReleaseFolder& folder);

}  // namespace plumb

#endif  // PLUMB_CLIENT_FOLDER_STATUS_H_
