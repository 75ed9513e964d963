#include "client/library/name_check.h"

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

// Whether `reference` means anything.
absl::StatusOr<bool> Exists(Connection& connection, const Reference& reference) {
  absl::StatusOr<v1::Release> release = Resolve(connection, reference);
  if (absl::IsNotFound(release.status())) return false;
  PLUMB_RETURN_IF_ERROR(release.status());
  return true;
}

}  // namespace

absl::Status CheckNames(Connection& connection, const Reference& reference, const std::string& tag, bool standing) {
  const std::string& model = reference.model;
  if (tag == reference.version) {
    return WithErrorClass(
        InvalidArgument(fmt::format("version and tag are both called {}; a tag has a name of its own", tag)),
        ErrorClass::kUsage);
  }
  if (!standing) {
    PLUMB_ASSIGN_OR_RETURN(bool is_tag, Exists(connection, {.registry = {}, .model = model, .tag = reference.version}));
    if (is_tag) {
      return AlreadyExists(
          fmt::format("{0} has a tag {1}, so that no version can be called {1}; remove the tag, or "
                      "choose another version",
                      model, reference.version));
    }
  }
  if (tag.empty()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(bool is_version, Exists(connection, {.registry = {}, .model = model, .version = tag}));
  if (!is_version) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(bool old, Exists(connection, {.registry = {}, .model = model, .tag = tag}));
  if (old) return absl::OkStatus();
  return AlreadyExists(
      fmt::format("{0} has a version {1}, so that no tag can be called {1}; nothing was sent", model, tag));
}

}  // namespace plumb
