#include "verify/inference/check/probe.h"

#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kGuard = 64;
constexpr float kSentinel = 12345.678f;

// Operands in memory with guards before and after each.
class GuardedOperands : public WeightSource {
 public:
  explicit GuardedOperands(const std::vector<ProbeOperand>& operands) {
    for (const ProbeOperand& operand : operands) {
      std::vector<float>& memory = memory_.emplace_back(operand.values.size() + 2 * kGuard, kSentinel);
      std::copy(operand.values.begin(), operand.values.end(), memory.begin() + kGuard);
    }
  }
  static std::string NameOf(size_t index) { return fmt::format("x{}", index); }
  std::span<const float> values(size_t index) const {
    return std::span(memory_[index]).subspan(kGuard, memory_[index].size() - 2 * kGuard);
  }

  absl::Status Load(const std::string& name, std::span<float> out) const override { return LoadPart(name, 0, out); }
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override {
    for (size_t i = 0; i < memory_.size(); ++i) {
      if (NameOf(i) != name || first + out.size() > values(i).size()) continue;
      std::copy_n(values(i).begin() + static_cast<ptrdiff_t>(first), out.size(), out.begin());
      return absl::OkStatus();
    }
    return InvalidArgument(fmt::format("no operand {}", name));
  }

  // Elements that are no longer what they were.
  uint64_t Disturbed(const std::vector<ProbeOperand>& operands) const {
    uint64_t count = 0;
    for (size_t i = 0; i < memory_.size(); ++i) {
      for (size_t j = 0; j < kGuard; ++j) {
        count += memory_[i][j] == kSentinel ? 0 : 1;
        count += memory_[i][memory_[i].size() - 1 - j] == kSentinel ? 0 : 1;
      }
      for (size_t j = 0; j < operands[i].values.size(); ++j) {
        const auto was = std::bit_cast<uint32_t>(operands[i].values[j]);
        count += std::bit_cast<uint32_t>(values(i)[j]) == was ? 0 : 1;
      }
    }
    return count;
  }

 private:
  std::vector<std::vector<float>> memory_;
};

bool Same(double expected, float actual) {
  if (std::isnan(expected)) return std::isnan(actual);
  return static_cast<float>(expected) == actual;
}

double ErrorOf(const Probe& probe, std::span<const float> actual) {
  if (probe.expected.size() != actual.size()) return std::numeric_limits<double>::infinity();
  double noise = 0;
  double signal = 0;
  double differing = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    differing += Same(probe.expected[i], actual[i]) ? 0 : 1;
    const double delta = probe.expected[i] - actual[i];
    noise += delta * delta;
    signal += probe.expected[i] * probe.expected[i];
  }
  return probe.exact ? differing : noise == 0 ? 0 : noise / signal;
}

}  // namespace

absl::StatusOr<ProbeResult> RunProbe(const Backend& backend, const Probe& probe) {
  const GuardedOperands operands(probe.operands);
  const std::vector<float> pattern(kGuard, kSentinel / 2);
  GraphBuilder builder;
  RunInputs inputs = {.weights = &operands};
  std::vector<ValueId> ids;
  for (size_t i = 0; i < probe.operands.size(); ++i) {
    const std::string name = GuardedOperands::NameOf(i);
    const ProbeOperand& operand = probe.operands[i];
    if (operand.weight) {
      ids.push_back(builder.Weight(name, operand.shape));
    } else {
      ids.push_back(builder.Input(name, ElementType::kF32, operand.shape));
      inputs.tensors[name] = TensorView::Of(operands.values(i));
    }
    if (!probe.integers) continue;
    ids.back() = builder.Append(OpKind::kCast, name + " as integers", {ids.back()}, CastAttributes{ElementType::kI32});
  }
  ValueId guard = builder.Input("guard", ElementType::kF32, {kGuard});
  inputs.tensors["guard"] = TensorView::Of<float>(pattern);
  // Doubling is exact: both copies hold kSentinel, and are alive while the operator runs or come right after it.
  ValueId before = builder.Scale("before", 2, guard);
  ValueId result = builder.Append(probe.op, probe.name, ids, probe.attributes);
  if (probe.integers) {
    result = builder.Append(OpKind::kCast, "as floats", {result}, CastAttributes{ElementType::kF32});
  }
  ValueId after = builder.Scale("after", 2, guard);
  PLUMB_ASSIGN_OR_RETURN(Graph graph, builder.Build(std::vector<ValueId>{before, result, after}));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable, backend.Plan(graph));
  PLUMB_ASSIGN_OR_RETURN(RunResult run, executable->Run(inputs));
  ProbeResult found = {.error = ErrorOf(probe, run.outputs.at(1).As<float>()),
                       .disturbed = operands.Disturbed(probe.operands)};
  for (size_t side : {0, 2}) {
    for (float value : run.outputs.at(side).As<float>()) found.disturbed += value == kSentinel ? 0 : 1;
  }
  return found;
}

}  // namespace plumb
