// The release that stands in a folder, for who cannot ask a registry.
#ifndef PLUMB_CLIENT_LIBRARY_FOLDER_RELEASE_H_
#define PLUMB_CLIENT_LIBRARY_FOLDER_RELEASE_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/base/names.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

// The release that was pulled into `folder`, when `asked` means it: by its digest or version, or by the same name that
// it was pulled by. A model's name alone means whatever release of it is there. NOT_FOUND otherwise. A folder that is
// recorded to come from another registry than `registry` is only meant by a digest.
absl::StatusOr<v1::Release> ReleaseInFolder(const std::string& folder, const std::string& registry,
                                            const Reference& asked);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_FOLDER_RELEASE_H_
