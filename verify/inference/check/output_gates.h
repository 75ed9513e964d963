// The gates that judge what a model gave: against `reference`, and against what was recorded.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_OUTPUT_GATES_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_OUTPUT_GATES_H_

#include "verify/inference/check/case_run.h"

namespace plumb {

// A gate and the worst numbers behind it.
struct Judgement {
  Gate gate;
  Comparison comparison;
};

// The arithmetic that judges a backend's results against a golden's.
Tier TierFor(const Backend& backend, const OpenCase& open);

// Compares outputs with those of `reference` on the same inputs. REQUIRES: open.reference is not empty.
Judgement JudgeCrossBackend(const OpenCase& open, Tier tier, const std::vector<TensorValue>& actual);

// Compares a run with the golden. REQUIRES: open.golden.
Judgement JudgeGolden(const OpenCase& open, Tier tier, const CaseRun& run);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_OUTPUT_GATES_H_
