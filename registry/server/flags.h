// The command line of plumbd.
#ifndef PLUMB_REGISTRY_SERVER_FLAGS_H_
#define PLUMB_REGISTRY_SERVER_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "registry/server/options.h"

namespace plumb {

// What the command line asks for.
struct Flags {
  ServerOptions options;
  std::string log_level = "info";
  // Not empty for --help and --version: print this and exit.
  std::string text;
};

// Reads arguments (without the program's name) and the file that --config names; a flag wins over the file.
// INVALID_ARGUMENT (ErrorClass::kUsage) says what is wrong with which.
absl::StatusOr<Flags> ParseFlags(std::vector<std::string> arguments);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_FLAGS_H_
