// Adds up what a smoke check found.
#ifndef PLUMB_VERIFY_INFERENCE_SMOKE_REPORT_H_
#define PLUMB_VERIFY_INFERENCE_SMOKE_REPORT_H_

#include <vector>

#include "plumb/inference/backend.h"
#include "plumb/inference/smoke.h"

namespace plumb {

// A backend's result from its cases; without cases, why it is not available.
BackendResult SummarizeBackend(const Backend& backend, std::vector<CaseResult> cases);

// The verdict of the whole check. `by_name`: the backends were asked for by name, so that each must run.
Verdict SummarizeVerdict(const std::vector<BackendResult>& backends, bool by_name);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_SMOKE_REPORT_H_
