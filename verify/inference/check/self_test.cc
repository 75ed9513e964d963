#include "plumb/inference/self_test.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "verify/inference/check/probe.h"

namespace plumb {
namespace {

Gate RunSelfTest(const Backend& backend) {
  Gate gate = {.name = kSelfTestGate, .verdict = Verdict::kPass};
  if (absl::Status status = backend.Available(); !status.ok()) {
    gate.verdict = Verdict::kInconclusive;
    gate.detail = std::string(Message(status));
    return gate;
  }
  std::vector<std::string> broken;
  uint64_t disturbed = 0;
  for (const Probe& probe : SelfTestProbes()) {
    const double limit = probe.exact ? 0 : kProbeNmseMax;
    absl::StatusOr<ProbeResult> result = RunProbe(backend, probe);
    const double error = result.ok() ? result->error : std::numeric_limits<double>::infinity();
    gate.measures.push_back({probe.name, error, limit});
    if (result.ok()) disturbed += result->disturbed;
    if (gate.measures.back().holds()) continue;
    broken.push_back(!result.ok()  ? fmt::format("{}: {}", probe.name, Message(result.status()))
                     : probe.exact ? fmt::format("{}: {} elements are wrong", probe.name, error)
                                   : fmt::format("{}: NMSE is {:.3g}, limit {:.3g}", probe.name, error, limit));
  }
  gate.measures.push_back({"disturbed", static_cast<double>(disturbed), 0});
  if (disturbed > 0) broken.push_back(fmt::format("{} elements beside a result were changed", disturbed));
  if (broken.empty()) return gate;
  gate.verdict = Verdict::kFail;
  gate.detail = fmt::format("the backend computes wrongly: {}", fmt::join(broken, "; "));
  return gate;
}

// One product with the right-hand side as a weight; fills weights with small numbers.
class Filled : public WeightSource {
 public:
  absl::Status Load(const std::string&, std::span<float> out) const override {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(i % 251) * 0x1p-8f - 0.5f;
    return absl::OkStatus();
  }
  absl::Status LoadPart(const std::string& name, uint64_t, std::span<float> out) const override {
    return Load(name, out);
  }
};

absl::StatusOr<double> MeasureProduct(const Backend& backend, uint64_t m, uint64_t k, uint64_t n) {
  constexpr int kRuns = 5;
  constexpr uint64_t kKept = 1ull << 30;
  GraphBuilder builder;
  ValueId x = builder.Input("x", ElementType::kF32, {m, k});
  ValueId w = builder.Weight("w", {n, k});
  PLUMB_ASSIGN_OR_RETURN(Graph graph, builder.Build(builder.MatMul("y", x, w, std::nullopt, {.transpose_b = true})));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable,
                         backend.Plan(graph, {.kept_weights_bytes_max = kKept}));
  const Filled weights;
  const std::vector<float> values(m * k, 0.25f);
  RunInputs inputs = {.weights = &weights};
  inputs.tensors["x"] = TensorView::Of<float>(values);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kRuns; ++i) {
    PLUMB_ASSIGN_OR_RETURN(RunResult run, executable->Run(inputs));
    if (i > 0) best = std::min(best, run.seconds);  // The first decodes the weights.
  }
  return 2e-9 * static_cast<double>(m * k * n) / best;
}

}  // namespace

const Gate& SelfTest(const Backend& backend) {
  static std::mutex mutex;
  static std::map<std::string, Gate, std::less<>> gates;
  std::lock_guard<std::mutex> lock(mutex);
  auto known = gates.find(backend.name());
  if (known == gates.end()) known = gates.emplace(std::string(backend.name()), RunSelfTest(backend)).first;
  return known->second;
}

absl::StatusOr<Speed> MeasureSpeed(const Backend& backend) {
  PLUMB_RETURN_IF_ERROR(backend.Available());
  Speed speed;
  PLUMB_ASSIGN_OR_RETURN(speed.matmul_gflops, MeasureProduct(backend, 1024, 1024, 1024));
  PLUMB_ASSIGN_OR_RETURN(speed.gemv_gflops, MeasureProduct(backend, 1, 4096, 4096));
  return speed;
}

}  // namespace plumb
