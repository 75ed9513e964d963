// What is different in a release since an earlier one, by what both say of themselves.
#ifndef PLUMB_CLIENT_CLI_RELEASE_CHANGES_H_
#define PLUMB_CLIENT_CLI_RELEASE_CHANGES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/json.h"
#include "client/cli/output.h"
#include "client/cli/release_reader.h"
#include "plumb/client/config_diff.h"

namespace plumb::cli {

// Plain value.
struct ReleaseChanges {
  std::string since;  // `namespace/name@version` of the earlier one.
  std::string until;
  std::string old_license;
  std::string new_license;
  std::vector<ConfigChange> configs;
};

// Compares licence, configuration files and card of `release` with those of `since`, a reference or a pulled folder;
// empty for the release's parent, else the one published before it. Only files that differ are fetched.
absl::StatusOr<ReleaseChanges> ChangesSince(Context& context, const ReleaseReader& release, const std::string& since);

void PrintChanges(Output& output, const ReleaseChanges& changes);
// {"since","until","license":{"a","b"},"config":[...]}
Json ChangesJson(const ReleaseChanges& changes);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_RELEASE_CHANGES_H_
