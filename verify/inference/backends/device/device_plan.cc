#include "verify/inference/backends/device/device_plan.h"

#include <set>
#include <string_view>
#include <vector>

#include "verify/inference/backends/host_buffer.h"

namespace plumb::device {
namespace {

// Follows a run's allocations.
class Forecast {
 public:
  Forecast(const HostPlan& plan, bool keeps_weights)
      : plan_(plan),
        keeps_weights_(keeps_weights),
        on_host_(plan.storage.size(), false),
        on_device_(plan.storage.size(), false) {
    if (keeps_weights) meter_.Add(KeptBytes());
  }

  void Step(const HostStep& step) {
    const Node& node = plan_.graph.node(step.node);
    uint64_t weights = 0;  // And other memory that goes when the operator is done.
    if (step.computes()) weights = Operands(node, RunsOnDevice(step));
    if (step.computes()) Appear(step.node, RunsOnDevice(step));
    meter_.Remove(weights);
    for (ValueId id : step.freed_after) Free(id);
  }

  uint64_t Finish() {
    for (ValueId id : plan_.graph.outputs()) meter_.Add(ResultBytes(plan_.graph.node(id)));
    return meter_.peak_bytes();
  }

 private:
  // What operators on the device read whole.
  uint64_t KeptBytes() const {
    std::set<std::string_view> names;
    uint64_t bytes = 0;
    for (const HostStep& step : plan_.steps) {
      const Node& node = plan_.graph.node(step.node);
      if (!RunsOnDevice(step) || ReadsRows(plan_.graph, node)) continue;
      for (ValueId id : node.inputs) {
        const Node& operand = plan_.graph.node(id);
        if (operand.op == OpKind::kWeight && names.insert(operand.name).second) bytes += ResultBytes(operand);
      }
    }
    return bytes;
  }

  // Makes the operands ready; the bytes of the weights among them that are brought for this operator alone.
  uint64_t Operands(const Node& node, bool device) {
    const bool rows = ReadsRows(plan_.graph, node);
    uint64_t weights = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Node& operand = plan_.graph.node(node.inputs[i]);
      if (operand.op == OpKind::kWeight) {
        if (keeps_weights_ && device && !rows) continue;
        const uint64_t bytes = rows && i == 0 ? ResultBytes(node) : ResultBytes(operand);
        meter_.Add(bytes);
        weights += bytes;
      } else if (!IsLeaf(operand)) {
        Appear(plan_.storage[node.inputs[i]], device && !rows);
      }
    }
    return weights;
  }

  void Appear(ValueId id, bool device) {
    std::vector<bool>& there = device ? on_device_ : on_host_;
    if (!there[id]) meter_.Add(ResultBytes(plan_.graph.node(id)));
    there[id] = true;
  }

  void Free(ValueId id) {
    const uint64_t bytes = ResultBytes(plan_.graph.node(id));
    meter_.Remove((on_host_[id] ? bytes : 0) + (on_device_[id] ? bytes : 0));
  }

  const HostPlan& plan_;
  const bool keeps_weights_;
  MemoryMeter meter_;
  std::vector<bool> on_host_;
  std::vector<bool> on_device_;
};

}  // namespace

bool KeepsWeights(const HostPlan& plan, const PlanOptions& options) {
  uint64_t total = 0;
  for (const Node& node : plan.graph.nodes()) {
    if (node.op == OpKind::kWeight) total += ResultBytes(node);
  }
  return total <= options.kept_weights_bytes_max;
}

uint64_t PeakBytes(const HostPlan& plan, bool keeps_weights) {
  Forecast forecast(plan, keeps_weights);
  for (const HostStep& step : plan.steps) forecast.Step(step);
  return forecast.Finish();
}

bool RunsOnDevice(const HostStep& step) { return step.computes() && step.on_backend; }

}  // namespace plumb::device
