// Which files of a release a pull takes.
#ifndef PLUMB_CLIENT_LIBRARY_PULL_SELECTION_H_
#define PLUMB_CLIENT_LIBRARY_PULL_SELECTION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/client/pull.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Paths of the manifest's files that the options select, in the manifest's order. NOT_FOUND, saying what there is, when
// there are none, or one that `options.files` names is none of them; warns of a glob that selects nothing where others
// do.
absl::StatusOr<std::vector<std::string>> SelectFiles(const v1::Manifest& manifest, const PullOptions& options,
                                                     const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PULL_SELECTION_H_
