// The numbers `plumb` ends with (docs/exit-codes.md).
#ifndef PLUMB_CLIENT_CLI_EXIT_CODE_H_
#define PLUMB_CLIENT_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace plumb::cli {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kWrongUsage = 2,
  kNotFound = 3,
  kNotPermitted = 4,
  kUnreachable = 5,
  kNotVerified = 6,
  kSmokeFailed = 7,
  kStorageFailed = 8,
  kRefused = 9,
  kInterrupted = 130,
};

// What a command that ended with `status` exits with: the attached ErrorClass
// decides, else the code.
ExitCode ExitCodeFor(const absl::Status& status);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_EXIT_CODE_H_
