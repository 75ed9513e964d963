#include "client/cli/smoke_variants.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "client/cli/child_program.h"
#include "client/cli/exit_code.h"
#include "client/cli/smoke_view.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

// What ends with a signal has shown nothing of the model.
BackendResult Crashed(const Backend& backend, const ChildOutcome& outcome) {
  BackendResult result = {.name = std::string(backend.name()), .description = {}, .verdict = Verdict::kInconclusive};
  result.detail = fmt::format("the process that ran the check was ended by {}", outcome.Ending());
  return result;
}

// What an exit code stands for.
absl::Status StatusOf(int exit_code, const std::string& message) {
  switch (exit_code) {
    case kWrongUsage:
      return WithErrorClass(InvalidArgument(message), ErrorClass::kUsage);
    case kNotFound:
      return NotFound(message);
    case kStorageFailed:
      return WithErrorClass(Unavailable(message), ErrorClass::kLocalStorage);
    case kRefused:
      return WithErrorClass(InvalidArgument(message), ErrorClass::kPolicy);
    case kInterrupted:
      return absl::CancelledError(message);
    default:
      return Internal(message);
  }
}

// The error that a child printed as JSON.
absl::Status ErrorOf(const Backend& backend, const ChildOutcome& outcome) {
  const Json json = Json::parse(outcome.err, nullptr, /*allow_exceptions=*/false);
  const bool has = json.is_object() && json.contains("error") && json["error"].is_string();
  const std::string text = has ? json["error"].get<std::string>() : std::string("it printed no result");
  return StatusOf(outcome.exit_code,
                  fmt::format("{} in a process of its own ({}): {}", backend.name(), outcome.Ending(), text));
}

// True for exit codes that come with a report: the last three are those of cases that could not be checked.
bool HasReport(int exit_code) {
  return exit_code == kDone || exit_code == kSmokeFailed || exit_code == kNotFound || exit_code == kRefused ||
         exit_code == kStorageFailed;
}

absl::StatusOr<BackendResult> RunChild(Context& context, const Backend& backend, const std::string& path,
                                       const SmokeRequest& request) {
  std::vector<std::string> arguments = {"smoke", "--json", "--backend", std::string(backend.name())};
  if (request.positions) arguments.insert(arguments.end(), {"--positions", fmt::to_string(*request.positions)});
  if (!request.prompt.empty()) arguments.push_back("--prompt=" + request.prompt);
  // A path that begins with a dash is no flag.
  arguments.insert(arguments.end(), {"--", path});
  context.LongOperation().Report({.phase = "smoke",
                                  .item = fmt::format("{} in a process of its own", backend.name()),
                                  .done_bytes = 0,
                                  .total_bytes = 0});
  PLUMB_ASSIGN_OR_RETURN(ChildOutcome outcome,
                         RunThisProgram(arguments, backend.environment(), context.cancellation()));
  if (outcome.signal != 0) return Crashed(backend, outcome);
  absl::StatusOr<SmokeReport> report = ParseSmokeJson(outcome.out);
  if (!HasReport(outcome.exit_code) || !report.ok() || report->backends.size() != 1) return ErrorOf(backend, outcome);
  BackendResult result = std::move(report->backends.front());
  if (outcome.exit_code == kDone || outcome.exit_code == kSmokeFailed) return result;
  for (CaseResult& unchecked : result.cases) {
    if (unchecked.verdict == Verdict::kInconclusive) {
      unchecked.obstacle = StatusOf(outcome.exit_code, unchecked.detail);
    }
  }
  return result;
}

}  // namespace

bool WantsOwnProcess(const Backend& backend) {
  for (const auto& [name, value] : backend.environment()) {
    const char* found = std::getenv(name.c_str());
    if (found == nullptr || value != found) return true;
  }
  return false;
}

absl::StatusOr<SmokeReport> SmokeWithVariants(Context& context, const std::string& path, const SmokeRequest& request) {
  SmokeRequest here = request;
  std::vector<const Backend*> apart;
  std::erase_if(here.backends, [&](const std::string& name) {
    absl::StatusOr<const Backend*> backend = FindBackend(name);  // An unknown name stays, to be refused below.
    if (!backend.ok() || !WantsOwnProcess(**backend)) return false;
    if (std::find(apart.begin(), apart.end(), *backend) == apart.end()) apart.push_back(*backend);
    return true;
  });
  SmokeReport report;
  if (apart.empty() || !here.backends.empty()) {
    PLUMB_ASSIGN_OR_RETURN(report, SmokeFolder(path, here, context.LongOperation()));
  }
  if (apart.empty()) return report;
  for (const Backend* backend : apart) {
    PLUMB_ASSIGN_OR_RETURN(BackendResult result, RunChild(context, *backend, path, request));
    report.backends.push_back(std::move(result));
  }
  report.verdict = SummarizeVerdict(report.backends, /*by_name=*/true);
  return report;
}

}  // namespace plumb::cli
