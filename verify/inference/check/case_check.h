// Taking one case through all gates on one backend.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_CASE_CHECK_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_CASE_CHECK_H_

#include "verify/inference/check/open_case.h"

namespace plumb {

// The result of a case that could not be opened.
CaseResult ResultOfObstacle(const absl::Status& status);

// Runs `reference` on what backends are compared on, unless that was done before.
absl::Status RunReference(OpenCase& open, const SmokeOptions& options);

// Takes the case through the gates. An error is CANCELLED only.
absl::StatusOr<CaseResult> CheckCase(const Backend& backend, OpenCase& open, const SmokeOptions& options);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_CASE_CHECK_H_
