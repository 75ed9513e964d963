// An argument that may be a path on this machine or a reference to a registry's release.
#ifndef PLUMB_CLIENT_CLI_ARGUMENT_H_
#define PLUMB_CLIENT_CLI_ARGUMENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "plumb/base/names.h"
#include "plumb/content/digest.h"

namespace plumb::cli {

enum class ArgumentKind { kFolder, kFile, kReference };

// What `argument` is: what exists under that path is a path, everything else a reference. NOT_FOUND, "no such file or
// directory", for what is not there and can only be meant as a path: it begins with `.`, `/` or `~`, ends in `/`, or
// has the ending of a weight file.
absl::StatusOr<ArgumentKind> KindOfArgument(const std::string& argument);

// OK for a folder that exists; else what is wrong with it: "no such file or directory", or that it is a file, of which
// `command` takes the folder.
absl::Status RequireFolder(const std::string& argument, const std::string& command);

// A release that an argument names as a reference.
struct NamedRelease {
  std::unique_ptr<Connection> connection;
  Reference reference;
  v1::Release release;
  Digest digest;
};

// Asks the registry for it. Where the argument could have been meant as a path too, errors say that it is none.
absl::StatusOr<NamedRelease> FindNamedRelease(Context& context, const std::string& argument);

// The path that `argument` names: itself, or, for a reference, a complete pull of it into the cache.
absl::StatusOr<std::string> PathFor(Context& context, const std::string& argument);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_ARGUMENT_H_
