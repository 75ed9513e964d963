// Models with goldens as another runtime would have recorded them, and what the check says of them.
#ifndef PLUMB_TESTS_UNIT_INFERENCE_RECORDED_CASE_H_
#define PLUMB_TESTS_UNIT_INFERENCE_RECORDED_CASE_H_

#include <functional>
#include <string>

#include "plumb/inference/self_test.h"
#include "tests/unit/inference/test_util.h"
#include "verify/inference/check/case_check.h"
#include "verify/inference/check/case_run.h"
#include "verify/inference/check/jitter.h"

namespace plumb {

// An ONNX file in a folder of its own, with or without a golden.
class RecordedCase {
 public:
  explicit RecordedCase(const std::string& model) { folder_.Write("m.onnx", model); }

  // Records what another sound runtime computes: `reference` with every value moved, and then `change` to the outputs.
  void Record(uint64_t seed, const std::function<void(std::vector<TensorValue>&)>& change = nullptr) {
    absl::StatusOr<OpenCase> open = OpenSmokeCase(folder_.Open(), {"m", "m.onnx", "m.onnx", ""}, {});
    ASSERT_TRUE(open.ok()) << open.status();
    Jitter jitter(open->task.graph, seed, Precision::kF32);
    absl::StatusOr<CaseRun> run = RunMoved(**FindBackend("reference"), *open, open->task, {}, jitter);
    ASSERT_TRUE(run.ok()) << run.status();
    Golden golden;
    golden.inputs = open->task.inputs;
    golden.outputs = std::move(run->result.outputs);
    if (change) change(golden.outputs);
    absl::StatusOr<std::string> text = open->model->SerializeGolden(golden, {});
    ASSERT_TRUE(text.ok()) << text.status();
    folder_.Write("m.golden.safetensors", *text);
    golden_ = "m.golden.safetensors";
  }
  // Another file under the same golden.
  void Replace(const std::string& model) { folder_.Write("m.onnx", model); }

  CaseResult Check(const Backend& backend) const {
    absl::StatusOr<OpenCase> open = OpenSmokeCase(folder_.Open(), {"m", "m.onnx", "m.onnx", golden_}, {});
    EXPECT_TRUE(open.ok()) << open.status();
    if (!open.ok()) return {};
    EXPECT_TRUE(RunReference(*open, {}).ok());
    absl::StatusOr<CaseResult> result = CheckCase(backend, *open, {});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : CaseResult{};
  }
  CaseResult Check() const { return Check(**FindBackend("reference")); }

 private:
  TempFolder folder_;
  std::string golden_;
};

inline const Gate& GateOf(const CaseResult& result, std::string_view name) {
  for (const Gate& gate : result.gates) {
    if (gate.name == name) return gate;
  }
  static const Gate kNone;
  ADD_FAILURE() << "no gate " << name << ": " << result.detail;
  return kNone;
}

// The limit of a gate's NMSE; 0 when it has none.
inline double NmseLimitOf(const Gate& gate) {
  for (const Measure& measure : gate.measures) {
    if (measure.name == "nmse") return measure.limit;
  }
  return 0;
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_INFERENCE_RECORDED_CASE_H_
