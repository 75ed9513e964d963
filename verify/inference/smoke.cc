#include "plumb/inference/smoke.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/check/case_check.h"
#include "verify/inference/smoke_report.h"

namespace plumb {
namespace {

// Runs a case on every available backend and adds the results.
absl::Status RunCase(const Directory& folder, const SmokeCase& wanted, const std::vector<const Backend*>& backends,
                     const SmokeOptions& options, std::map<std::string_view, std::vector<CaseResult>>& results) {
  absl::StatusOr<OpenCase> open =
      wanted.left_out.empty()
          ? OpenSmokeCase(folder, wanted, options)
          : FailedPrecondition(
                fmt::format("{} is not here; `plumb pull` without --include and --exclude brings it", wanted.left_out));
  if (absl::IsCancelled(open.status()) || ErrorClassOf(open.status()) == ErrorClass::kUsage) return open.status();
  // Without a golden, `reference` says what is expected whether or not it was asked for.
  if (open.ok() && !open->golden && backends.front()->name() != "reference") {
    PLUMB_RETURN_IF_ERROR(RunReference(*open, options));
  }
  for (const Backend* backend : backends) {
    if (options.progress) options.progress(wanted.name, backend->name());
    CaseResult result;
    if (open.ok()) {
      PLUMB_ASSIGN_OR_RETURN(result, CheckCase(*backend, *open, options));
    } else {
      result = ResultOfObstacle(open.status());
    }
    result.name = wanted.name;
    results[backend->name()].push_back(std::move(result));
  }
  return absl::OkStatus();
}

// The backends to report on: `reference` first, the others in the order asked for.
absl::StatusOr<std::vector<const Backend*>> ChooseBackends(const std::vector<std::string>& names) {
  std::vector<const Backend*> chosen;
  if (names.empty()) {
    std::copy_if(Backends().begin(), Backends().end(), std::back_inserter(chosen),
                 [](const Backend* backend) { return !backend->on_request(); });
    return chosen;
  }
  for (const std::string& name : names) {
    PLUMB_ASSIGN_OR_RETURN(const Backend* backend, FindBackend(name));
    if (std::find(chosen.begin(), chosen.end(), backend) == chosen.end()) chosen.push_back(backend);
  }
  std::stable_partition(chosen.begin(), chosen.end(), [](const Backend* b) { return b->name() == "reference"; });
  return chosen;
}

}  // namespace

absl::Status CheckCanRun(const Directory& folder, const SmokeCase& smoke) {
  return OpenModel(folder, smoke, SmokeOptions{}).status();
}

absl::StatusOr<SmokeReport> RunSmokeCheck(const Directory& folder, const std::vector<SmokeCase>& cases,
                                          const SmokeOptions& options) {
  if (cases.empty()) return WithErrorClass(InvalidArgument("there is no smoke case to run"), ErrorClass::kUsage);
  PLUMB_ASSIGN_OR_RETURN(std::vector<const Backend*> chosen, ChooseBackends(options.backends));
  std::vector<const Backend*> available;
  for (const Backend* backend : chosen) {
    if (backend->Available().ok()) available.push_back(backend);
  }
  std::map<std::string_view, std::vector<CaseResult>> results;
  if (!available.empty()) {
    for (const SmokeCase& wanted : cases) {
      PLUMB_RETURN_IF_ERROR(RunCase(folder, wanted, available, options, results));
    }
  }
  SmokeReport report;
  for (const Backend* backend : chosen) {
    report.backends.push_back(SummarizeBackend(*backend, std::move(results[backend->name()])));
  }
  report.verdict = SummarizeVerdict(report.backends, !options.backends.empty());
  return report;
}

}  // namespace plumb
