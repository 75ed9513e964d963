// Walking over everything that is published.
#ifndef PLUMB_REGISTRY_CATALOGUE_RELEASES_H_
#define PLUMB_REGISTRY_CATALOGUE_RELEASES_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/v1/admin.pb.h"
#include "plumb/v1/catalogue.pb.h"
#include "registry/storage/chunk_store.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Visits the record of every release; an error ends the walk and is returned. Holds one record at a time. Thread-safe.
absl::Status ForEachRelease(const MetadataStore& store,
                            const std::function<absl::Status(const v1::Release& release)>& visitor);

// Figures over releases and chunks; looks at every release and every pack. Thread-safe.
absl::StatusOr<v1::Stats> ComputeStats(const MetadataStore& store, const ChunkStore& chunks);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_RELEASES_H_
