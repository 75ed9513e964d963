// How far mirrors have followed their upstreams.
#ifndef PLUMB_REGISTRY_CATALOGUE_CURSORS_H_
#define PLUMB_REGISTRY_CATALOGUE_CURSORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/v1/admin.pb.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// The cursor; one that was never set has revision 0 and no value. INVALID_ARGUMENT for a name that is
// empty, over 512 bytes or not UTF-8. Thread-safe.
absl::StatusOr<v1::Cursor> GetCursor(const std::string& name, const MetadataStore& store);

// Sets it when its revision is the expected one, else ABORTED. A value has at most 4096 bytes. Thread-safe.
absl::StatusOr<v1::Cursor> SetCursor(const v1::SetCursorRequest& request, MetadataStore* store);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_CURSORS_H_
