// The gates that judge what a model gave: against `reference`, and against what was recorded.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_OUTPUT_GATES_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_OUTPUT_GATES_H_

#include <string_view>
#include <vector>

#include "verify/inference/check/case_run.h"

namespace plumb {

// A gate and the worst numbers behind it.
struct Judgement {
  Gate gate;
  Comparison comparison;            // The worst of each measure.
  std::vector<Comparison> outputs;  // Each output's; one for a language model.
};

// The arithmetic that judges a backend's results against a golden's.
Tier TierFor(const Backend& backend, const OpenCase& open);

// The limits of a tier, the same for each of the case's outputs.
Limits LimitsOf(const OpenCase& open, Tier tier);

// Compares outputs one by one. REQUIRES: as many limits as outputs.
absl::StatusOr<std::vector<Comparison>> CompareOutputs(const OpenCase& open, const std::vector<TensorValue>& expected,
                                                       const std::vector<TensorValue>& actual, const Limits& limits);

// Compares a run's outputs one by one with those of a golden. REQUIRES: as many limits as outputs.
absl::StatusOr<std::vector<Comparison>> CompareRecorded(const OpenCase& open, const Golden& golden, const CaseRun& run,
                                                        const Limits& limits);

// `golden` as it would be had `run` been recorded: to compare other runs with this one by the golden's measures.
Golden RecordedAs(const OpenCase& open, const Golden& golden, const CaseRun& run);

// Judges outputs by those of `reference` on the same inputs. REQUIRES: open.reference is not empty.
Judgement JudgeCrossBackend(const OpenCase& open, const Limits& limits, const std::vector<TensorValue>& actual);

// Judges a run by the golden. REQUIRES: open.golden.
Judgement JudgeGolden(const OpenCase& open, const Limits& limits, const CaseRun& run);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_OUTPUT_GATES_H_
