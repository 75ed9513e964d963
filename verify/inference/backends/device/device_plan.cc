#include "verify/inference/backends/device/device_plan.h"

#include <vector>

#include "verify/inference/backends/host_buffer.h"

namespace plumb::device {
namespace {

// Follows a run's allocations.
class Forecast {
 public:
  explicit Forecast(const HostPlan& plan)
      : plan_(plan), on_host_(plan.storage.size(), false), on_device_(plan.storage.size(), false) {}

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
  // Makes the operands ready; the bytes of the weights among them.
  uint64_t Operands(const Node& node, bool device) {
    const bool rows = ReadsRows(plan_.graph, node);
    uint64_t weights = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Node& operand = plan_.graph.node(node.inputs[i]);
      if (operand.op == OpKind::kWeight) {
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
  MemoryMeter meter_;
  std::vector<bool> on_host_;
  std::vector<bool> on_device_;
};

}  // namespace

uint64_t PeakBytes(const HostPlan& plan) {
  Forecast forecast(plan);
  for (const HostStep& step : plan.steps) forecast.Step(step);
  return forecast.Finish();
}

bool RunsOnDevice(const HostStep& step) { return step.computes() && step.on_backend; }

}  // namespace plumb::device
