// Adds up what a smoke check found.
#ifndef PLUMB_VERIFY_INFERENCE_SMOKE_REPORT_H_
#define PLUMB_VERIFY_INFERENCE_SMOKE_REPORT_H_

#include <vector>

#include "plumb/inference/backend.h"
#include "plumb/inference/smoke.h"

namespace plumb {

// A backend's result from its cases; without cases, why it is not available.
BackendResult SummarizeBackend(const Backend& backend, std::vector<CaseResult> cases);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_SMOKE_REPORT_H_
