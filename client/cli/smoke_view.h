// Smoke reports as people and programs read them.
#ifndef PLUMB_CLIENT_CLI_SMOKE_VIEW_H_
#define PLUMB_CLIENT_CLI_SMOKE_VIEW_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "client/cli/output.h"
#include "plumb/inference/smoke.h"

namespace plumb::cli {

// {"verdict", "backends": [{"name", "verdict", ..., "cases": [...]}]}
Json SmokeJson(const SmokeReport& report);

// What SmokeJson gave, read again; null is infinity. INVALID_ARGUMENT for anything else.
absl::StatusOr<SmokeReport> ParseSmokeJson(const std::string& text);

// A line for each backend; below, each case that did not pass with the reason. `explain`: then every gate of every
// case, with each number and its limit.
void PrintSmoke(Output& output, const SmokeReport& report, bool explain);

// What the command ends with: ErrorClass::kSmoke that names the failed cases of `subject` when the verdict is fail.
// When it is inconclusive, the first file that is missing (NOT_FOUND) or not what it must be (ErrorClass::kPolicy); OK,
// after a warning for each case that was not checked, when it is so for other reasons.
absl::Status SmokeOutcome(Output& output, const SmokeReport& report, const std::string& subject);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_SMOKE_VIEW_H_
