// Whether a registry will take the names of a release that is about to be published.
#ifndef PLUMB_CLIENT_LIBRARY_NAME_CHECK_H_
#define PLUMB_CLIENT_LIBRARY_NAME_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "plumb/base/names.h"
#include "plumb/client/connection.h"

namespace plumb {

// Says no before the work rather than after it. ALREADY_EXISTS when the version of `reference` is the name of a tag, or
// `tag`, which may be empty, the name of a version; INVALID_ARGUMENT (ErrorClass::kUsage) when they are one name.
// `standing`: the release is there already.
absl::Status CheckNames(Connection& connection, const Reference& reference, const std::string& tag, bool standing);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_NAME_CHECK_H_
