#include "registry/catalogue/name_clash.h"

#include <optional>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/v1/catalogue.pb.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"

namespace plumb {

absl::Status CheckNewTag(const MetadataStore& store, std::string_view model, std::string_view tag) {
  PLUMB_ASSIGN_OR_RETURN(std::string version, VersionNamed(store, model, tag));
  if (version.empty()) return absl::OkStatus();
  return AlreadyExists(
      fmt::format("{0} has a version {1}, so that no tag can be called {1}: {0}:{1} and {0}@{1} would not be the same",
                  model, tag));
}

absl::Status CheckNewVersion(const MetadataStore& store, std::string_view model, std::string_view version) {
  PLUMB_ASSIGN_OR_RETURN(std::string tagged, VersionTagged(store, model, version));
  if (tagged.empty()) return absl::OkStatus();
  return AlreadyExists(fmt::format(
      "{0} has a tag {1}, which is version {2}, so that no version can be called {1}: {0}:{1} and {0}@{1} would not be "
      "the same; remove the tag, or choose another version",
      model, version, tagged));
}

absl::StatusOr<std::string> VersionNamed(const MetadataStore& store, std::string_view model, std::string_view name) {
  absl::StatusOr<std::string> record = store.Get(keys::Release(model, name));
  if (absl::IsNotFound(record.status())) return std::string();
  PLUMB_RETURN_IF_ERROR(record.status());
  return std::string(name);
}

absl::StatusOr<std::string> VersionTagged(const MetadataStore& store, std::string_view model, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Tag> tag, FindRecord<v1::Tag>(store, keys::Tag(model, name), "a tag"));
  return tag.has_value() && !tag->digest().empty() ? tag->version() : std::string();
}

}  // namespace plumb
