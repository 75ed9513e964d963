// The secrets of tokens.
#ifndef PLUMB_REGISTRY_ACCESS_SECRET_H_
#define PLUMB_REGISTRY_ACCESS_SECRET_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb {

// `plumb_` and 43 letters and digits: 256 bits from the operating system's generator.
absl::StatusOr<std::string> NewSecret();

// `size` letters and digits, each uniformly random, from the operating system's generator.
absl::StatusOr<std::string> RandomText(size_t size);

// True when `text` has the form of a secret; says nothing about whether it is one of ours.
bool LooksLikeSecret(std::string_view text);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_ACCESS_SECRET_H_
