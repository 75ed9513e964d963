// The smoke check on backends that want a process of their own.
#ifndef PLUMB_CLIENT_CLI_SMOKE_VARIANTS_H_
#define PLUMB_CLIENT_CLI_SMOKE_VARIANTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "plumb/client/smoke.h"
#include "plumb/inference/backend.h"

namespace plumb::cli {

// True when the backend asks for variables that this process was not started with: oneDNN reads the instruction set it
// is held to once.
bool WantsOwnProcess(const Backend& backend);

// SmokeFolder, where each backend that wants a process of its own is checked by this program, run once more with its
// variables (`smoke PATH --backend NAME --json`); these stand last in the report. A process that a signal ends makes a
// fail that names the signal. Errors of the others are this call's.
absl::StatusOr<SmokeReport> SmokeWithVariants(Context& context, const std::string& path, const SmokeRequest& request);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_SMOKE_VARIANTS_H_
