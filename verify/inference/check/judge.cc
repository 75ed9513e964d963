#include "verify/inference/check/judge.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/check/sensitivity.h"

namespace plumb {
namespace {

using JudgeBy = std::function<Judgement(const Limits&)>;

CompareRuns ByRecorded(const OpenCase& open, Limits limits) {
  return [&open, limits = std::move(limits)](const CaseRun& base, const CaseRun& moved) {
    return CompareRecorded(open, RecordedAs(open, *open.golden, base), moved, limits);
  };
}

CompareRuns ByOutputs(const OpenCase& open, Limits limits) {
  return [&open, limits = std::move(limits)](const CaseRun& base, const CaseRun& moved) {
    return CompareOutputs(open, base.result.outputs, moved.result.outputs, limits);
  };
}

// Limits for one task, measured when they are first needed.
absl::StatusOr<Limits> MeasuredLimits(const Backend& backend, OpenCase& open, const SmokeOptions& options,
                                      bool recorded) {
  const std::pair<bool, Precision> key = {recorded, backend.precision()};
  if (auto known = open.measured.find(key); known != open.measured.end()) return known->second;
  const Limits tier = LimitsOf(open, TierFor(backend, open));
  PLUMB_ASSIGN_OR_RETURN(Sensitivity found,
                         MeasureSensitivity(open, recorded ? open.task : open.cross_task(), backend.precision(),
                                            options, recorded ? ByRecorded(open, tier) : ByOutputs(open, tier)));
  Limits limits = {.outputs = found.Widen(tier.outputs.front()), .from = found.Describe()};
  const bool wider = std::any_of(limits.outputs.begin(), limits.outputs.end(), [&](const Thresholds& output) {
    return output.nmse_max > tier.outputs.front().nmse_max || output.differing_max > 0;
  });
  if (!wider) limits.from = fmt::format("{}, more than {}", tier.from, found.Describe());
  open.measured.emplace(key, limits);
  return limits;
}

enum class Answer { kAgrees, kUndecided, kDiffers };

// What one output says that broke the limits of its tier.
Answer AnswerOf(const Comparison& comparison, const Thresholds& limit) {
  const bool agrees = JudgeComparison(comparison, limit).empty();
  const double nmse_max = agrees ? kTellingNmseMax : kBlindNmseMin;
  const bool tells = limit.nmse_max <= nmse_max && 2 * limit.differing_max <= comparison.integers;
  if (!tells && comparison.broken == 0) return Answer::kUndecided;
  return agrees ? Answer::kAgrees : Answer::kDiffers;
}

absl::StatusOr<Judgement> Judge(const Backend& backend, OpenCase& open, const SmokeOptions& options, bool recorded,
                                const JudgeBy& judge_by) {
  const Limits tier = LimitsOf(open, TierFor(backend, open));
  Judgement first = judge_by(tier);
  if (first.gate.verdict != Verdict::kFail) return first;
  absl::StatusOr<Limits> limits = MeasuredLimits(backend, open, options, recorded);
  if (absl::IsCancelled(limits.status())) return limits.status();
  if (!limits.ok()) {
    first.gate.detail +=
        fmt::format("; how far rounding alone moves these outputs could not be measured: {}", Message(limits.status()));
    return first;
  }
  Judgement second = judge_by(*limits);
  if (second.gate.verdict == Verdict::kInconclusive) return second;
  bool undecided = false;
  for (size_t i = 0; i < second.outputs.size(); ++i) {
    if (JudgeComparison(second.outputs[i], tier.outputs[i]).empty()) continue;
    const Answer answer = AnswerOf(second.outputs[i], limits->outputs[i]);
    if (answer == Answer::kDiffers) return second;
    undecided = undecided || answer == Answer::kUndecided;
  }
  if (undecided) {
    second.gate.verdict = Verdict::kInconclusive;
    second.gate.detail = fmt::format("these inputs cannot tell: {}; {}", first.gate.detail, limits->from);
  }
  return second;
}

}  // namespace

absl::StatusOr<Judgement> JudgeByGolden(const Backend& backend, OpenCase& open, const SmokeOptions& options,
                                        const CaseRun& run) {
  PLUMB_ASSIGN_OR_RETURN(Judgement judgement, Judge(backend, open, options, true, [&](const Limits& limits) {
                           return JudgeGolden(open, limits, run);
                         }));
  if (backend.name() == "reference") open.reference_agrees = judgement.gate.verdict != Verdict::kFail;
  return judgement;
}

absl::StatusOr<Judgement> JudgeByReference(const Backend& backend, OpenCase& open, const SmokeOptions& options,
                                           const std::vector<TensorValue>& outputs) {
  return Judge(backend, open, options, false,
               [&](const Limits& limits) { return JudgeCrossBackend(open, limits, outputs); });
}

absl::StatusOr<bool> ReferenceAgrees(OpenCase& open, const SmokeOptions& options) {
  if (open.reference_agrees) return *open.reference_agrees;
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  absl::StatusOr<CaseRun> run = RunTraced(*reference, open, open.task, options);
  if (absl::IsCancelled(run.status())) return run.status();
  if (!run.ok()) return false;
  PLUMB_RETURN_IF_ERROR(JudgeByGolden(*reference, open, options, *run).status());
  return *open.reference_agrees;
}

}  // namespace plumb
