// Names that are a version and a tag of one model.
#ifndef PLUMB_REGISTRY_CATALOGUE_NAME_CLASH_H_
#define PLUMB_REGISTRY_CATALOGUE_NAME_CLASH_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Whether such names are let in. Older registries did; what they hold must be mirrored as it is.
enum class NameClash { kRefuse, kAllow };

// OK when `tag`, which does not exist, may: no version of `model` is called so. Else ALREADY_EXISTS: `model:v1` would
// be another release than `model@v1`.
absl::Status CheckNewTag(const MetadataStore& store, std::string_view model, std::string_view tag);

// OK when no tag of `model` that points anywhere is called `version`. Else ALREADY_EXISTS.
absl::Status CheckNewVersion(const MetadataStore& store, std::string_view model, std::string_view version);

// What `name` means as a version of `model`, and what as a tag: the version of that release. Empty when it is none.
absl::StatusOr<std::string> VersionNamed(const MetadataStore& store, std::string_view model, std::string_view name);
absl::StatusOr<std::string> VersionTagged(const MetadataStore& store, std::string_view model, std::string_view name);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_NAME_CLASH_H_
