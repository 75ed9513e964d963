// Judging one backend's results: first by the limits of the tier, and where they are broken by how far rounding alone
// moves the outputs (sensitivity.h). FAIL is earned: the difference is past both.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_JUDGE_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_JUDGE_H_

#include "verify/inference/check/output_gates.h"

namespace plumb {

// Judges a run of the case's own task by the golden. REQUIRES: open.golden. An error is CANCELLED only.
absl::StatusOr<Judgement> JudgeByGolden(const Backend& backend, OpenCase& open, const SmokeOptions& options,
                                        const CaseRun& run);

// Judges outputs of the task that backends are compared on by those of `reference`. REQUIRES: open.reference is not
// empty. An error is CANCELLED only.
absl::StatusOr<Judgement> JudgeByReference(const Backend& backend, OpenCase& open, const SmokeOptions& options,
                                           const std::vector<TensorValue>& outputs);

// Whether `reference` computes what was recorded, as far as the inputs can tell; runs it unless that is known.
// REQUIRES: open.golden. An error is CANCELLED only.
absl::StatusOr<bool> ReferenceAgrees(OpenCase& open, const SmokeOptions& options);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_JUDGE_H_
