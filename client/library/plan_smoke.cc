#include "client/library/golden_author.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/smoke.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

SmokeOptions OptionsFor(const Operation& operation) {
  SmokeOptions options;
  options.backends = {"reference"};
  options.open_tokenizer = &OpenTokenizer;
  options.progress = [&operation](std::string_view name, std::string_view) {
    operation.Report({.phase = "smoke", .item = std::string(name), .done_bytes = 0, .total_bytes = 0});
  };
  if (operation.cancellation != nullptr) options.cancelled = &operation.cancellation->flag();
  return options;
}

// Makes sure that what the publisher recorded is what the weights compute. False when nothing can, as the recording
// is none: it is published as any file.
absl::StatusOr<bool> RunRecorded(const Directory& folder, const SmokeCase& smoke, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(SmokeReport report, RunSmokeCheck(folder, {smoke}, OptionsFor(operation)));
  if (report.verdict == Verdict::kFail) {
    return WithErrorClass(FailedPrecondition(fmt::format("{} is not what {} computes: {}", smoke.golden_path,
                                                         smoke.weights_path, report.backends.front().detail)),
                          ErrorClass::kSmoke);
  }
  if (report.verdict == Verdict::kInconclusive) {
    operation.Warn(fmt::format("{} was not checked: {}", smoke.golden_path, report.backends.front().detail));
  }
  const std::vector<CaseResult>& cases = report.backends.front().cases;
  return cases.empty() || ErrorClassOf(cases.front().obstacle) != ErrorClass::kPolicy;
}

// A golden by `reference`, put among the plan's files. What keeps one from being made is no fault of the model's, or
// is one that stops nobody: weights of a training that ran away are published too.
absl::Status AddComputed(const Directory& folder, const SmokeCase& smoke, const Operation& operation,
                         v1::SmokeCase recorded, PublishPlan* plan) {
  absl::StatusOr<std::string> golden =
      ComputeGolden(folder, smoke.config_path, smoke.weights_path, std::nullopt, OptionsFor(operation));
  if (absl::IsUnimplemented(golden.status()) || absl::IsResourceExhausted(golden.status()) ||
      absl::IsOutOfRange(golden.status())) {
    operation.Warn(fmt::format("no smoke case recorded for {}: {}", smoke.weights_path, Message(golden.status())));
    return absl::OkStatus();
  }
  if (absl::IsCancelled(golden.status())) return golden.status();
  if (!golden.ok()) return AsRefusal(golden.status(), smoke.weights_path);
  recorded.set_golden_path(GoldenPathFor(smoke.weights_path));
  recorded.set_recorded_by("reference");
  plan->files.push_back({.path = recorded.golden_path(),
                         .size_bytes = golden->size(),
                         .generated = *std::move(golden),
                         .tensors = {},
                         .big_endian = {}});
  *plan->manifest.add_smoke_cases() = std::move(recorded);
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanSmokeCases(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  for (const SmokeCase& smoke : DiscoverSmokeCases(plan->Paths())) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    // A file that describes itself may be something else than a model that Plumb runs.
    absl::Status runs = smoke.config_path == smoke.weights_path ? CheckCanRun(folder, smoke) : absl::OkStatus();
    if (!runs.ok()) {
      operation.Warn(fmt::format("no smoke case recorded: {}", Message(runs)));
      continue;
    }
    v1::SmokeCase recorded;
    recorded.set_name(smoke.name);
    recorded.set_weights_path(smoke.weights_path);
    recorded.set_config_path(smoke.config_path);
    const bool understood = !plan->not_understood.contains(smoke.weights_path);
    if (smoke.golden_path.empty()) {
      if (understood) PLUMB_RETURN_IF_ERROR(AddComputed(folder, smoke, operation, std::move(recorded), plan));
      continue;
    }
    // What was recorded of a model that is not understood is for programs that do.
    if (understood) {
      PLUMB_ASSIGN_OR_RETURN(const bool readable, RunRecorded(folder, smoke, operation));
      if (!readable) continue;
    }
    recorded.set_golden_path(smoke.golden_path);
    recorded.set_recorded_by(GoldenAuthor(folder, smoke.golden_path));
    *plan->manifest.add_smoke_cases() = std::move(recorded);
  }
  return absl::OkStatus();
}

}  // namespace plumb
