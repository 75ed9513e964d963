// Moving tags.
#ifndef PLUMB_REGISTRY_CATALOGUE_TAGS_H_
#define PLUMB_REGISTRY_CATALOGUE_TAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "plumb/v1/publishing.pb.h"
#include "registry/catalogue/journal.h"

namespace plumb {

// Sets, moves or removes a tag by compare-and-swap, with one event and one entry of the
// tag's history. Setting a tag to where it points already changes nothing, also when the
// expected revision is the one before: that is how a repeated call looks. A removed tag keeps
// its revisions and history.
//   NOT_FOUND  the model, or the release among its releases, or the tag to remove
//   ABORTED    the tag's revision is not the expected one
//   ALREADY_EXISTS  a version of the model is called so and the tag is new, unless the request says `mirrored`
// Thread-safe.
absl::StatusOr<v1::SetTagResponse> SetTag(const v1::SetTagRequest& request, const std::string& actor,
                                          const MetadataStore& store, Journal* journal);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_TAGS_H_
