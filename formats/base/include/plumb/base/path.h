// Paths inside a release. They come from strangers: nothing else in Plumb joins one to a
// folder before ValidateRelativePath has accepted it.
#ifndef PLUMB_BASE_PATH_H_
#define PLUMB_BASE_PATH_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace plumb {

// OK when `path` is safe on every system Plumb writes to: valid UTF-8, 1 to
// limits::kPathBytesMax bytes, relative, parts divided by single `/`, no part empty, `.` or
// `..`, none longer than limits::kPathPartBytesMax, no control character, backslash or
// colon, no part ending in a dot or space, none a reserved device name (`NUL`, `COM1`, ...).
// Otherwise INVALID_ARGUMENT naming the path and the rule.
absl::Status ValidateRelativePath(std::string_view path);

// The form under which two paths are the same file on a case-insensitive, normalising file
// system: Unicode NFKC with full case folding.
std::string FoldPath(std::string_view path);

// Validates each path and that the set can exist side by side: no two equal after FoldPath,
// none that is a folder of another. INVALID_ARGUMENT names both paths.
absl::Status ValidatePathSet(const std::vector<std::string>& paths);

// True when `path` matches `glob`: `*` any run without `/`, `**` any run, `?` one
// character but `/`, `[a-z]` a set. A glob without `/` is tried on the last part of the path.
bool GlobMatches(std::string_view glob, std::string_view path);

// True when `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool IsValidUtf8(std::string_view text);

}  // namespace plumb

#endif  // PLUMB_BASE_PATH_H_
