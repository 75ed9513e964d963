// The smoke check: running a model on this machine's backends and comparing with what its publisher recorded.
#ifndef PLUMB_INFERENCE_SMOKE_H_
#define PLUMB_INFERENCE_SMOKE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/limits.h"
#include "plumb/inference/gate.h"
#include "plumb/inference/golden.h"

namespace plumb {

class Tokenizer;

// One model to run. Paths are relative to the release's folder.
struct SmokeCase {
  std::string name;          // What reports call it; `step-3000/model`, `tiny-q4_0.gguf`.
  std::string config_path;   // A config.json; of a file that describes itself (GGUF, ONNX) that file.
  std::string weights_path;  // A `.safetensors` file (a shard stands for its set) or index, `.gguf` or `.onnx` file.
  std::string golden_path;   // What was recorded for exactly these weights; empty: none.
  // A file of it that is known not to be here, as it was left out of a pull: the case is not run. Empty: none.
  std::string left_out = {};
};

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
  uint64_t planned_peak_bytes = 0;            // What the plan said that would be at most; see PlanSummary.
  std::map<std::string, uint64_t> fallbacks;  // Operators that ran on `reference` instead, with their nodes.
  std::vector<Gate> gates;                    // In order; those after a failure to run are missing.
  std::string detail;                         // Why the verdict is not pass; empty for pass.
  // What kept the case from being checked; OK when it was. The verdict is then inconclusive. NOT_FOUND for a file that
  // is missing, ErrorClass::kPolicy for one that is not what it must be, FAILED_PRECONDITION for one left out of a
  // pull, UNIMPLEMENTED for what is not understood, RESOURCE_EXHAUSTED for want of memory.
  absl::Status obstacle = absl::OkStatus();
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
  uint64_t planned_peak_bytes = 0;
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
  // Backends are compared on so many positions instead of min(128, positions_max).
  std::optional<uint64_t> positions;
  // Backends are compared on this text, by the tokenizer beside the config; empty: on DefaultTokens. ComputeGolden
  // records it.
  std::string prompt;
  // Opens the tokenizer in a folder below the release's: OpenTokenizer of plumb/tokenizer/tokenizer.h. Without it a
  // prompt is refused, and recorded ids are not compared with recorded text.
  std::function<absl::StatusOr<std::unique_ptr<Tokenizer>>(const Directory&, std::string_view)> open_tokenizer;
  // Called before a tensor of a weights file is read, with the file's path and the tensor's name in it, from any
  // thread: returns once its bytes are there, or an error that ends the check. For weights that are still arriving; the
  // headers of all containers, the configs and goldens must be there before.
  std::function<absl::Status(const std::string& weights_path, const std::string& tensor)> await_tensor;
  // After a failure, find the first layer and operator that depart.
  bool bisect = true;
};

// Takes every case on every backend through the gates (gate.h; docs/inference.md). A backend passes a case when its
// golden passes, no other gate fails and at least half of the arithmetic ran on the backend itself. It fails only when
// the model was run and computes something else than was recorded, no numbers included. What cannot be run (a file that
// is missing, unreadable or not what it must be, what is not understood) is inconclusive, with the obstacle; and so is
// a case without a golden: there backends can only be compared with `reference`, which reads the same bytes. Errors:
// INVALID_ARGUMENT (ErrorClass::kUsage) for no case, an unknown backend, and positions or a prompt that the model
// cannot take, and CANCELLED.
absl::StatusOr<SmokeReport> RunSmokeCheck(const Directory& folder, const std::vector<SmokeCase>& cases,
                                          const SmokeOptions& options);

// Opens a case's model and binds its tensors, as RunSmokeCheck would; reads no weights. UNIMPLEMENTED for what Plumb
// does not understand or run, INVALID_ARGUMENT (ErrorClass::kPolicy) for a model that contradicts itself, NOT_FOUND for
// one of which a file is missing.
absl::Status CheckCanRun(const Directory& folder, const SmokeCase& smoke);

// The bytes of a golden file of version 2 that `reference` computes for these weights: for `tokens`, else for
// options.prompt, else for DefaultInputs of options.positions.
// UNIMPLEMENTED for what is not understood, OUT_OF_RANGE (ErrorClass::kPolicy) for weights or outputs that are not
// finite, and otherwise what would keep RunSmokeCheck from running the case.
absl::StatusOr<std::string> ComputeGolden(const Directory& folder, const std::string& config_path,
                                          const std::string& weights_path, const std::optional<TokenBatch>& tokens,
                                          const SmokeOptions& options);

// The verdict of the whole check. `by_name`: the backends were asked for by name, so that each must run.
Verdict SummarizeVerdict(const std::vector<BackendResult>& backends, bool by_name);

// The cases that a release's files form, sorted by name. Goldens may be missing.
// In each folder with a config.json: `model.safetensors`, or else `model.safetensors.index.json`, or else the first of
// the shards `model-00001-of-00002.safetensors`; and each variant `model-X` or `model.X` likewise. Everywhere: each `X.gguf` (of a split
// one the first part; none whose name speaks of `mmproj` or `imatrix`) and each `X.onnx`. The golden is that of
// GoldenPathFor, or else the one beside the weights, where older releases keep it: `golden.safetensors` of
// `model.safetensors`, `X.golden.safetensors` of other names, `X.gguf.golden.safetensors` of a GGUF or ONNX file beside
// another file of that name in another format.
std::vector<SmokeCase> DiscoverSmokeCases(const std::vector<std::string>& paths);

// The case of one file, whatever its name is before the ending; `exists` tells which other files there are.
// INVALID_ARGUMENT when it is no model's file or a part of one, NOT_FOUND when its config.json is missing.
absl::StatusOr<SmokeCase> SmokeCaseOf(const std::string& path, const std::function<bool(const std::string&)>& exists);

// Where the golden of a weights file belongs, for whoever has yet to make one: `a/smoke/model.golden` for
// `a/model.safetensors` and its index, `smoke/tiny.gguf.golden` for `tiny.gguf`. No loader of weights looks there.
std::string GoldenPathFor(std::string_view weights_path);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_SMOKE_H_
