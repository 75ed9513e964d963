// Names of models, versions and tags, and references to releases.
#ifndef PLUMB_BASE_NAMES_H_
#define PLUMB_BASE_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {

// OK when `name` is `namespace/name`: each part of `[A-Za-z0-9._-]`, starting and ending with
// a letter or digit, without `--` or `..`, at most limits::kModelNameBytesMax in all, not
// ending in `.git`. INVALID_ARGUMENT names the rule.
absl::Status ValidateModelName(std::string_view name);

// OK when `version` is 1 to limits::kVersionBytesMax of `[A-Za-z0-9._+-]`, starting with a
// letter or digit, without `..`. A tag follows the same rule.
absl::Status ValidateVersion(std::string_view version);

// `namespace` of `namespace/name`.
std::string_view NamespaceOf(std::string_view model);

// Digits of a digest that name a release, where no other of its model starts with them.
inline constexpr size_t kDigestDigitsMin = 12;

// `[host[:port]/]namespace/name[@version | :tag | @sha256:hex]`, taken apart. At most one of
// `version`, `tag` and `digest_hex` is set. An empty `registry` means the default one.
struct Reference {
  std::string registry;  // `host` or `host:port`.
  std::string model;     // `namespace/name`.
  std::string version;
  std::string tag;
  std::string digest_hex;  // Lower-case hexadecimal digits: all 64, or the first kDigestDigitsMin or more.

  friend bool operator==(const Reference&, const Reference&) = default;
};

// Takes a reference apart and validates each piece. A first part that holds a colon, is `localhost`, or holds a dot
// where two more follow, is a host; nothing else is, however many parts there are. INVALID_ARGUMENT with
// ErrorClass::kUsage says what a reference looks like.
absl::StatusOr<Reference> ParseReference(std::string_view text);

// The inverse of ParseReference.
std::string RenderReference(const Reference& reference);

}  // namespace plumb

#endif  // PLUMB_BASE_NAMES_H_
