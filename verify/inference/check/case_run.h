// Running a case on one backend.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_CASE_RUN_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_CASE_RUN_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "verify/inference/check/open_case.h"

namespace plumb {

class Jitter;

// What one run gave.
struct CaseRun {
  RunResult result;
  PlanSummary summary;
  std::vector<float> hidden;        // The last hidden state; empty unless asked for.
  std::vector<LayerDigest> layers;  // Likewise.
};

using Observer = std::function<void(const Node&, const TensorView&)>;

// Plans and runs a task. RESOURCE_EXHAUSTED when it needs more memory than the machine or the options have.
absl::StatusOr<CaseRun> RunTask(const Backend& backend, const OpenCase& open, const Task& task,
                                const SmokeOptions& options, const Observer& observer);

// The same with every value moved by `jitter`.
absl::StatusOr<CaseRun> RunMoved(const Backend& backend, const OpenCase& open, const Task& task,
                                 const SmokeOptions& options, Jitter& jitter);

// The same as RunTask, and takes the digests that a golden of version 2 has.
absl::StatusOr<CaseRun> RunTraced(const Backend& backend, const OpenCase& open, const Task& task,
                                  const SmokeOptions& options);

// Finds NaN and infinities in tables of which runs read only some rows: every other weight is read whole.
absl::Status CheckTables(const OpenCase& open);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_CASE_RUN_H_
