// Finding where a failed run went wrong.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_BISECT_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_BISECT_H_

#include <string>

#include "verify/inference/check/case_run.h"

namespace plumb {

// Runs `reference` and `backend` twice: first to find the first layer whose result departs by more than `nmse_max`,
// then the first operator in it that does. Says which; empty when no layer departs. Errors are those of the runs.
absl::StatusOr<std::string> FindDeparture(const Backend& backend, const OpenCase& open, double nmse_max,
                                          const SmokeOptions& options);

// The first layer whose digest is not the recorded one, in words; empty when none was recorded or all agree.
std::string FindRecordedDeparture(const std::vector<LayerDigest>& recorded, const std::vector<LayerDigest>& found,
                                  double nmse_max);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_BISECT_H_
