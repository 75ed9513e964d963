// Running a folder's smoke cases on this machine's backends.
#ifndef PLUMB_CLIENT_SMOKE_H_
#define PLUMB_CLIENT_SMOKE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/inference/smoke.h"

namespace plumb {

// What to run, and on what.
struct SmokeRequest {
  std::vector<std::string> backends;  // By name; empty: all that this machine has.
  std::optional<uint64_t> positions;  // See SmokeOptions.
  std::string prompt;                 // Likewise.
};

// Runs the cases that the folder's manifest records, or, in a folder that was not pulled, those its files form
// (DiscoverSmokeCases). `path` may also be one model's file, which is then run alone.
// A model that fails is a result, not an error; NOT_FOUND when the folder has nothing to run, INVALID_ARGUMENT
// (ErrorClass::kUsage) for a file that is no model's.
absl::StatusOr<SmokeReport> SmokeFolder(const std::string& path, const SmokeRequest& request,
                                        const Operation& operation);

// A golden that was written.
struct RecordedGolden {
  std::string weights_path;
  std::string golden_path;
  uint64_t bytes = 0;
};

// Computes a golden on `reference` for every model in the folder, or for the one file, and writes it beside the
// weights; a golden that stands is replaced only with `replace`, and otherwise left out of the result. A model whose
// architecture Plumb does not know is warned of. NOT_FOUND when the folder has no model, UNIMPLEMENTED when it has no
// other.
absl::StatusOr<std::vector<RecordedGolden>> RecordGoldens(const std::string& path, const SmokeRequest& request,
                                                          bool replace, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_SMOKE_H_
