// The release that a command's argument names, in a registry or in a folder.
#ifndef PLUMB_CLIENT_CLI_RELEASE_SOURCE_H_
#define PLUMB_CLIENT_CLI_RELEASE_SOURCE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb::cli {

struct ReleaseSource {
  StoredManifest stored;
  // What the registry says about it; absent for a folder.
  std::optional<v1::Release> release;
};

// Reads the manifest that `argument`, a reference or a pulled folder, names.
absl::StatusOr<ReleaseSource> OpenReleaseSource(Context& context, const std::string& argument);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_RELEASE_SOURCE_H_
