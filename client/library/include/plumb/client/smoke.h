// Running a folder's smoke cases on this machine's backends.
#ifndef PLUMB_CLIENT_SMOKE_H_
#define PLUMB_CLIENT_SMOKE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/inference/smoke.h"

namespace plumb {

// Runs the cases that the folder's manifest records, or, in a folder that was not pulled, those its
// files form (config.json, weights, golden.safetensors). `backends` empty: all that this machine has.
// A model that fails is a result, not an error; NOT_FOUND when the folder has nothing to run.
absl::StatusOr<SmokeReport> SmokeFolder(const std::string& path, const std::vector<std::string>& backends,
                                        const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_SMOKE_H_
