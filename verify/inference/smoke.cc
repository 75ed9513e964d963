#include "plumb/inference/smoke.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/loaded_model.h"
#include "verify/inference/smoke_report.h"

namespace plumb {
namespace {

// Less than this on the backend itself says little about the backend.
constexpr double kCoverageMin = 0.5;

// True for what is wrong with the model, as opposed to the machine or the call.
bool BlamesModel(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status) || absl::IsDataLoss(status) ||
         absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
}

uint64_t MemoryAllowed(const SmokeOptions& options) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return options.memory_bytes_max;
  return std::min(options.memory_bytes_max, static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes));
}

absl::StatusOr<RunResult> Execute(const Executable& executable, const LoadedModel& model, const TokenBatch& tokens,
                                  const SmokeOptions& options) {
  const uint64_t allowed = MemoryAllowed(options);
  if (executable.summary().peak_bytes > allowed) {
    return absl::ResourceExhaustedError(fmt::format("the run needs {} bytes of memory at a time, {} are allowed",
                                                    executable.summary().peak_bytes, allowed));
  }
  return executable.Run({.ids = {{kInputIds, tokens.ids}}, .weights = &model, .cancelled = options.cancelled});
}

// One case made ready: a model, a graph, and what to compare with.
struct OpenCase {
  std::unique_ptr<LoadedModel> model;
  Graph graph;
  TokenBatch tokens;
  std::vector<float> expected;  // Recorded; or empty until `reference` has run.
  bool recorded = false;
  Tier tier = Tier::kF32;
};

absl::StatusOr<OpenCase> Open(const Directory& folder, const SmokeCase& wanted) {
  OpenCase open;
  PLUMB_ASSIGN_OR_RETURN(open.model, LoadedModel::Open(folder, wanted.config_path, wanted.weights_path));
  open.recorded = !wanted.golden_path.empty();
  if (open.recorded) {
    PLUMB_ASSIGN_OR_RETURN(Golden golden, LoadGolden(folder, wanted.golden_path, open.model->model()));
    open.tokens = std::move(golden.tokens);
    open.expected = std::move(golden.logits);
    open.tier = golden.tier;
  } else {
    open.tokens = DefaultTokens(open.model->model());
  }
  PLUMB_ASSIGN_OR_RETURN(open.graph, open.model->model().BuildGraph(open.tokens.sequences, open.tokens.positions));
  return open;
}

// The verdict on a comparison that was made.
void Judge(const OpenCase& open, std::span<const float> actual, std::string_view backend, CaseResult& result) {
  if (open.expected.empty()) {
    result.detail = "nothing is recorded, and reference could not run";
    return;
  }
  const Thresholds thresholds = ThresholdsFor(open.tier, open.model->model().layers());
  absl::StatusOr<Comparison> comparison =
      CompareLogits(open.expected, actual, open.model->model().vocabulary(), thresholds);
  if (!comparison.ok()) {
    result.detail = std::string(Message(comparison.status()));
    return;
  }
  result.nmse = comparison->nmse;
  result.max_kl = comparison->max_kl;
  result.mean_kl = comparison->mean_kl;
  result.top1_agreement = comparison->top1_agreement;
  result.detail = JudgeComparison(*comparison, thresholds);
  if (!result.detail.empty()) {
    result.verdict = Verdict::kFail;
  } else if (!open.recorded) {
    result.detail = backend == "reference" ? "nothing is recorded to compare with"
                                           : "agrees with reference; nothing is recorded to compare with";
  } else if (result.coverage < kCoverageMin) {
    result.detail = fmt::format("only {:.1f} % of the arithmetic ran on the backend itself", 100 * result.coverage);
  } else {
    result.verdict = Verdict::kPass;
  }
}

// Runs one case on one backend. An error is CANCELLED only.
absl::StatusOr<CaseResult> RunOn(const Backend& backend, OpenCase& open, const SmokeOptions& options) {
  CaseResult result = {.tier = open.tier};
  absl::StatusOr<std::unique_ptr<Executable>> executable = backend.Plan(open.graph);
  absl::Status status = executable.status();
  if (status.ok()) {
    result.coverage = (*executable)->summary().coverage();
    result.fallbacks = (*executable)->summary().fallbacks;
    absl::StatusOr<RunResult> run = Execute(**executable, *open.model, open.tokens, options);
    status = run.status();
    if (status.ok()) {
      result.seconds = run->seconds;
      result.peak_bytes = run->peak_bytes;
      if (open.expected.empty() && backend.name() == "reference") {
        open.expected.assign(run->output().begin(), run->output().end());
      }
      Judge(open, run->output(), backend.name(), result);
      return result;
    }
  }
  if (absl::IsCancelled(status)) return status;
  result.verdict = BlamesModel(status) ? Verdict::kFail : Verdict::kInconclusive;
  result.detail = std::string(Message(status));
  return result;
}

// Without a recorded golden, `reference` says what is expected whether or not it was asked for.
absl::Status RunReferenceFirst(OpenCase& open, const std::vector<const Backend*>& backends,
                               const SmokeOptions& options) {
  if (open.recorded || backends.front()->name() == "reference") return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  return RunOn(*reference, open, options).status();
}

// Runs a case on every available backend and adds the results.
absl::Status RunCase(const Directory& folder, const SmokeCase& wanted, const std::vector<const Backend*>& backends,
                     const SmokeOptions& options, std::map<std::string_view, std::vector<CaseResult>>& results) {
  absl::StatusOr<OpenCase> open = Open(folder, wanted);
  if (!open.ok() && !BlamesModel(open.status()) && !absl::IsUnimplemented(open.status())) return open.status();
  if (open.ok()) PLUMB_RETURN_IF_ERROR(RunReferenceFirst(*open, backends, options));
  for (const Backend* backend : backends) {
    if (options.progress) options.progress(wanted.name, backend->name());
    CaseResult result;
    if (open.ok()) {
      PLUMB_ASSIGN_OR_RETURN(result, RunOn(*backend, *open, options));
    } else {
      result.verdict = BlamesModel(open.status()) ? Verdict::kFail : Verdict::kInconclusive;
      result.detail = std::string(Message(open.status()));
    }
    result.name = wanted.name;
    results[backend->name()].push_back(std::move(result));
  }
  return absl::OkStatus();
}

// The backends to report on: `reference` first, the others in the order asked for.
absl::StatusOr<std::vector<const Backend*>> ChooseBackends(const std::vector<std::string>& names) {
  if (names.empty()) return Backends();
  std::vector<const Backend*> chosen;
  for (const std::string& name : names) {
    PLUMB_ASSIGN_OR_RETURN(const Backend* backend, FindBackend(name));
    if (std::find(chosen.begin(), chosen.end(), backend) == chosen.end()) chosen.push_back(backend);
  }
  std::stable_partition(chosen.begin(), chosen.end(), [](const Backend* b) { return b->name() == "reference"; });
  return chosen;
}

}  // namespace

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

absl::StatusOr<std::string> ComputeGolden(const Directory& folder, const std::string& config_path,
                                          const std::string& weights_path, const std::optional<TokenBatch>& tokens,
                                          const SmokeOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> model, LoadedModel::Open(folder, config_path, weights_path));
  Golden golden;
  golden.tokens = tokens ? *tokens : DefaultTokens(model->model());
  PLUMB_RETURN_IF_ERROR(CheckTokens(golden.tokens, model->model()));
  PLUMB_ASSIGN_OR_RETURN(Graph graph, model->model().BuildGraph(golden.tokens.sequences, golden.tokens.positions));
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable, reference->Plan(graph));
  PLUMB_ASSIGN_OR_RETURN(RunResult run, Execute(*executable, *model, golden.tokens, options));
  const std::span<const float> logits = run.output();
  if (!std::all_of(logits.begin(), logits.end(), [](float value) { return std::isfinite(value); })) {
    return WithErrorClass(InvalidArgument(fmt::format("{}: the model's logits are not all finite", weights_path)),
                          ErrorClass::kSmoke);
  }
  golden.logits.assign(logits.begin(), logits.end());
  return SerializeGolden(golden, {{"format", "plumb-golden"}, {"backend", "reference"}, {"weights", weights_path}});
}

}  // namespace plumb
