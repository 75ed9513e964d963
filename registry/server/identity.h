// What a registry is given at its first start.
#ifndef PLUMB_REGISTRY_SERVER_IDENTITY_H_
#define PLUMB_REGISTRY_SERVER_IDENTITY_H_

#include <string>

#include "absl/status/statusor.h"
#include "registry/access/access.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// The registry's id. In an empty store it makes one, and an admin token whose secret it writes to `token_file` (mode
// 0600) first: a crash between the two leaves a file that the next start replaces, never a token nobody knows.
absl::StatusOr<std::string> EnsureIdentity(const std::string& token_file, const Access& access, MetadataStore* store);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_IDENTITY_H_
