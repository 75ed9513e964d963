// Runs this program again, as a process of its own.
#ifndef PLUMB_CLIENT_CLI_CHILD_PROGRAM_H_
#define PLUMB_CLIENT_CLI_CHILD_PROGRAM_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"

namespace plumb::cli {

// How a child ended and what it printed.
struct ChildOutcome {
  int exit_code = 0;  // When it ended by itself.
  int signal = 0;     // What ended it otherwise; 0: nothing did.
  std::string out;
  std::string err;

  // `signal SEGV`, `exit code 3`.
  std::string Ending() const;
};

// Starts the file of this process with `arguments`, and `variables` added to the environment; standard input is empty.
// Waits for its end. CANCELLED when the user wants to stop, after ending it; RESOURCE_EXHAUSTED when it prints more
// than 64 MiB, likewise; INTERNAL when it cannot be started.
absl::StatusOr<ChildOutcome> RunThisProgram(const std::vector<std::string>& arguments,
                                            const std::map<std::string, std::string>& variables,
                                            const Cancellation& cancellation);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_CHILD_PROGRAM_H_
