#include "client/cli/release_source.h"

#include "client/cli/error_report.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/release_folder.h"

namespace plumb::cli {

absl::StatusOr<ReleaseSource> OpenReleaseSource(Context& context, const std::string& argument) {
  if (IsFolder(argument)) {
    absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(argument);
    if (absl::IsNotFound(folder.status())) return WithMend(folder.status(), "plumb pull REF " + argument);
    PLUMB_RETURN_IF_ERROR(folder.status());
    return ReleaseSource{folder->manifest(), std::nullopt};
  }
  PLUMB_ASSIGN_OR_RETURN(Reference reference, ParseReference(argument));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(reference.registry));
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, ResolveReference(*connection, reference));
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(release.digest()));
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(*connection, digest));
  return ReleaseSource{std::move(stored), std::move(release)};
}

}  // namespace plumb::cli
