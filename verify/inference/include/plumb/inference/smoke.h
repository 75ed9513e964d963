// The smoke check: running a model on this machine's backends and comparing with what its publisher recorded.
#ifndef PLUMB_INFERENCE_SMOKE_H_
#define PLUMB_INFERENCE_SMOKE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/limits.h"
#include "plumb/inference/golden.h"

namespace plumb {

// One model to run. Paths are relative to the release's folder.
struct SmokeCase {
  std::string name;          // What reports call it; `step-3000/model`.
  std::string config_path;   // A config.json.
  std::string weights_path;  // A `.safetensors` file or a `.safetensors.index.json`.
  std::string golden_path;   // What was recorded for exactly these weights; empty: none.
};

// What a check found out.
enum class Verdict {
  kPass,          // Agrees with the recorded outputs.
  kFail,          // Does not, or is no model that its config describes.
  kInconclusive,  // Ran, but nothing recorded says whether the result is right; or could not run for want of support.
  kNotAvailable,  // The backend does not work on this machine.
};

// `pass`, `fail`, `inconclusive`, `not available`.
std::string_view VerdictName(Verdict verdict);

// One case on one backend. Measures are 0, and the agreement 1, when nothing was compared.
struct CaseResult {
  std::string name;
  Verdict verdict = Verdict::kInconclusive;
  Tier tier = Tier::kF32;
  double nmse = 0;
  double max_kl = 0;   // Nats.
  double mean_kl = 0;  // Nats.
  double top1_agreement = 1;
  double coverage = 0;  // Share of the arithmetic that ran on the backend itself.
  double seconds = 0;
  uint64_t peak_bytes = 0;                    // See RunResult.
  std::map<std::string, uint64_t> fallbacks;  // Operators that ran on `reference` instead, with their nodes.
  std::string detail;                         // Why the verdict is not pass; empty for pass.
};

// One backend over all cases: the worst of each measure, the sum of seconds.
struct BackendResult {
  std::string name;
  std::string description;
  Verdict verdict = Verdict::kNotAvailable;
  double nmse = 0;
  double max_kl = 0;
  double top1_agreement = 1;
  double coverage = 0;
  double seconds = 0;
  uint64_t peak_bytes = 0;
  std::string detail;  // Names each case that did not pass, with the reason; or why the backend is not available.
  std::vector<CaseResult> cases;
};

// All backends. `verdict` is fail when any backend's is; otherwise inconclusive when any backend's is, none ran, or one
// that was asked for by name is not available; otherwise pass.
struct SmokeReport {
  Verdict verdict = Verdict::kInconclusive;
  std::vector<BackendResult> backends;
};

// How to run a check.
struct SmokeOptions {
  std::vector<std::string> backends;  // By name; empty: every backend of this build.
  // Called before each run with the case's and the backend's name, from the calling thread.
  std::function<void(std::string_view, std::string_view)> progress;
  // Ends the check with CANCELLED when it becomes true. Borrowed.
  const std::atomic<bool>* cancelled = nullptr;
  // A case whose tensors need more at a time, or more than the machine has, is not run: inconclusive.
  uint64_t memory_bytes_max = limits::kSmokeMemoryBytesMax;
};

// Runs every case on every backend. What is wrong with the model itself (a container, tensor set, config or golden
// that does not hold together, a weight that is NaN or infinite) is a verdict, not an error. An architecture that Plumb
// does not know is inconclusive, and so is a case without a golden: there backends can only be compared with
// `reference`, which reads the same bytes. Errors: INVALID_ARGUMENT (ErrorClass::kUsage) for no case or an unknown
// backend, CANCELLED, and failures to read files that exist.
absl::StatusOr<SmokeReport> RunSmokeCheck(const Directory& folder, const std::vector<SmokeCase>& cases,
                                          const SmokeOptions& options);

// The bytes of a golden file that `reference` computes for these weights; for DefaultTokens when `tokens` is not given.
// UNIMPLEMENTED for an unknown architecture, INVALID_ARGUMENT for what RunSmokeCheck would call a failed model, and for
// logits that are not finite.
absl::StatusOr<std::string> ComputeGolden(const Directory& folder, const std::string& config_path,
                                          const std::string& weights_path, const std::optional<TokenBatch>& tokens,
                                          const SmokeOptions& options);

// The cases that a release's files form, sorted by name. In each folder with a config.json: `model.safetensors`, or
// else `model.safetensors.index.json`, with `golden.safetensors`; and each variant `model-X.safetensors` or
// `model.X.safetensors` (or its index) that is no shard, with `model-X.golden.safetensors`. Goldens may be missing.
std::vector<SmokeCase> DiscoverSmokeCases(const std::vector<std::string>& paths);

// Where DiscoverSmokeCases looks for the golden of a weights file; for publishers who have yet to make one.
std::string GoldenPathFor(std::string_view weights_path);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_SMOKE_H_
