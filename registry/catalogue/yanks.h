// Withdrawing releases.
#ifndef PLUMB_REGISTRY_CATALOGUE_YANKS_H_
#define PLUMB_REGISTRY_CATALOGUE_YANKS_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/v1/publishing.pb.h"
#include "registry/catalogue/journal.h"

namespace plumb {

// Marks a release as withdrawn with a reason, or takes that back, with one event. The
// release stays readable by version and digest; it is no longer the model's newest.
// Repeating a call changes nothing. INVALID_ARGUMENT without a reason, NOT_FOUND for an unknown release. Thread-safe.
absl::StatusOr<v1::Release> Yank(const v1::YankRequest& request, const std::string& actor, const MetadataStore& store,
                                 Journal* journal);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_YANKS_H_
