#include "client/cli/release_source.h"

#include "client/cli/argument.h"
#include "client/cli/error_report.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/release_folder.h"

namespace plumb::cli {

absl::StatusOr<ReleaseSource> OpenReleaseSource(Context& context, const std::string& argument) {
  PLUMB_ASSIGN_OR_RETURN(ArgumentKind kind, KindOfArgument(argument));
  if (kind == ArgumentKind::kFile) {
    absl::Status status = UsageError(argument + " is a file, expected a reference or a folder that `plumb pull` made");
    return WithMend(status, "plumb inspect " + argument);
  }
  if (kind == ArgumentKind::kFolder) {
    absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(argument);
    if (absl::IsNotFound(folder.status())) return WithMend(folder.status(), "plumb pull REF " + argument);
    PLUMB_RETURN_IF_ERROR(folder.status());
    return ReleaseSource{folder->manifest(), std::nullopt};
  }
  PLUMB_ASSIGN_OR_RETURN(NamedRelease named, FindNamedRelease(context, argument));
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(*named.connection, named.digest));
  return ReleaseSource{std::move(stored), std::move(named.release)};
}

}  // namespace plumb::cli
