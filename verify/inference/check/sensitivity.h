// How far a model's outputs move when arithmetic alone changes: the measure that differences are judged by where the
// limits of a tier are broken.
//
// A rounding that falls the other way moves a quantised model's outputs by far more than float32's own noise, and a
// small output that is the difference of large ones by more than a part of itself. Such a difference is no evidence
// against the model. So `reference` runs again with its intermediate values moved as another sound runtime may move
// them (jitter.h), and the limits become what was seen then, times a margin.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_SENSITIVITY_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_SENSITIVITY_H_

#include <functional>
#include <string>
#include <vector>

#include "plumb/inference/compare.h"
#include "verify/inference/check/case_run.h"

namespace plumb {

// How many times further than in the worst measured run outputs may be, in squares: nearly three times in size,
inline constexpr double kSensitivityMargin = 8;
// and twice where that would make the limit of an NMSE more than kTellingNmseMax.
inline constexpr double kNarrowMargin = 4;
// Limits of which an NMSE is larger tell a right model from a wrong one no longer: agreement within them is no pass,
inline constexpr double kTellingNmseMax = 1e-2;
// and disagreement past them no failure.
inline constexpr double kBlindNmseMin = 0.5;

// What was measured on one task.
struct Sensitivity {
  std::vector<Comparison> moved;  // For each output the worst of each measure over the runs.
  int runs = 0;
  // The limits of `tier` for each output, no less than what was seen times the margin (LimitFor).
  std::vector<Thresholds> Widen(const Thresholds& tier) const;
  // In words, for Gate::limits_from.
  std::string Describe() const;
};

// The limit of an NMSE for outputs that rounding alone was seen to move by `moved`.
double LimitFor(double moved);

// Compares two runs of `reference` on the same task, output by output, by the measures that a verdict needs.
using CompareRuns = std::function<absl::StatusOr<std::vector<Comparison>>(const CaseRun& base, const CaseRun& moved)>;

// Runs `reference` as it is and then moved, six times for graphs that round, choose or compare, otherwise twice.
// `precision`: of the backend whose results are to be judged. Errors are those of the runs.
absl::StatusOr<Sensitivity> MeasureSensitivity(const OpenCase& open, const Task& task, Precision precision,
                                               const SmokeOptions& options, const CompareRuns& compare);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_SENSITIVITY_H_
