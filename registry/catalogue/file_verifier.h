// Checks that a stored file is what its manifest says.
#ifndef PLUMB_REGISTRY_CATALOGUE_FILE_VERIFIER_H_
#define PLUMB_REGISTRY_CATALOGUE_FILE_VERIFIER_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/v1/manifest.pb.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/missing_content.h"

namespace plumb {

// Hears how many more bytes were dealt with; an error ends the work and is returned.
using BytesObserver = std::function<absl::Status(uint64_t bytes)>;

// Adds what the store lacks of `file` to `missing`, renewing the lifetime of what it has. Nothing is read: a chunk was
// hashed when it came, and the tree root says which chunks a file is made of.
// INVALID_ARGUMENT when the list does not agree with the file's size and chunk count, or with a stored chunk.
// Call while holding content->gate().Rely().
absl::Status CheckPresence(const v1::File& file, Content* content, MissingContent* missing);

// Reads every chunk of the file with this tree root in order. The SHA-256 of all bytes. NOT_FOUND when its list or a
// chunk is missing, DATA_LOSS when one cannot be read.
absl::StatusOr<Digest> HashFile(const Digest& tree_root, const Content& content, const BytesObserver& observer);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_FILE_VERIFIER_H_
