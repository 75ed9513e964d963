// What the names of a model meant, in the cache (cached_releases.h).
#ifndef PLUMB_CLIENT_LIBRARY_KNOWN_NAMES_H_
#define PLUMB_CLIENT_LIBRARY_KNOWN_NAMES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "plumb/client/cache.h"
#include "plumb/content/digest.h"

namespace plumb {

// What a name meant, and when.
struct KnownName {
  Digest digest;
  std::string known_at;
};

// By selector: `@version`, `:tag`, or nothing for the model alone. Empty when nothing is known or it cannot be read.
std::map<std::string, KnownName> LoadKnownNames(const Cache& cache, const std::string& registry,
                                                const std::string& model);
absl::Status SaveKnownNames(const Cache& cache, const std::string& registry, const std::string& model,
                            const std::map<std::string, KnownName>& names);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_KNOWN_NAMES_H_
