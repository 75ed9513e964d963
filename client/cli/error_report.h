// Errors as people and programs read them.
#ifndef PLUMB_CLIENT_CLI_ERROR_REPORT_H_
#define PLUMB_CLIENT_CLI_ERROR_REPORT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "client/cli/json.h"

namespace plumb::cli {

// Returns `status` with the command, or advice, that mends it; OK and a status
// that has one stay as they are.
absl::Status WithMend(absl::Status status, const std::string& mend);
// What WithMend attached; else what follows from the kind of error and the
// registry talked to
// (`host:port`); empty when there is nothing to say.
std::string MendOf(const absl::Status& status, const std::string& registry);

// A wrong call: exit code 2. `usage` is the call's form, without `Usage:`; may
// be empty.
absl::Status UsageError(const std::string& message, const std::string& usage = "");
// The usage that UsageError attached.
std::string UsageOf(const absl::Status& status);

// `Error: what`, `Usage: ...` and the mend, on lines of their own, wrapped at words where `width` is not 0.
std::string RenderError(const absl::Status& status, const std::string& registry, bool colours, size_t width = 0);
// {"error": what, "code": exit code, "detail": {"status": code's name, "usage":
// ..., "mend": ...}}
Json ErrorJson(const absl::Status& status, const std::string& registry);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_ERROR_REPORT_H_
