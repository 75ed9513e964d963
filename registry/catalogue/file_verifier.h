// Checks that a stored file is what its manifest says.
#ifndef PLUMB_REGISTRY_CATALOGUE_FILE_VERIFIER_H_
#define PLUMB_REGISTRY_CATALOGUE_FILE_VERIFIER_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "plumb/v1/manifest.pb.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/missing_content.h"

namespace plumb {

// Hears how many more bytes were hashed; an error ends the work and is returned.
using BytesObserver = std::function<absl::Status(uint64_t bytes)>;

// Adds what the store lacks of `file` to `missing`, renewing the lifetime of what it has.
// INVALID_ARGUMENT when the list does not agree with the file's size and chunk count, or with a stored chunk.
// The caller holds content->gate().Rely() when `gated`.
absl::Status CheckPresence(const v1::File& file, bool gated, Content* content, MissingContent* missing);

// Reads every chunk of `file` in order and compares the SHA-256 of all bytes. INVALID_ARGUMENT
// naming both when it differs although every chunk is sound; chunks that are damaged are put aside and added to
// `missing`.
absl::Status VerifyWholeFile(const v1::File& file, Content* content, MissingContent* missing,
                             const BytesObserver& observer);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_FILE_VERIFIER_H_
