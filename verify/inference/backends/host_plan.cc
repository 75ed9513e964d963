#include "verify/inference/backends/host_plan.h"

#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/host_buffer.h"

namespace plumb {
namespace {

// Which nodes the outputs depend on.
std::vector<bool> FindNeeded(const Graph& graph) {
  std::vector<bool> needed(graph.nodes().size(), false);
  for (ValueId id : graph.outputs()) needed[id] = true;
  for (size_t i = graph.nodes().size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (ValueId id : graph.node(static_cast<ValueId>(i)).inputs) needed[id] = true;
  }
  return needed;
}

void AddSteps(HostPlan& plan, const HostKernels& kernels) {
  const Graph& graph = plan.graph;
  const std::vector<bool> needed = FindNeeded(graph);
  plan.storage.resize(graph.nodes().size());
  for (ValueId id = 0; id < graph.nodes().size(); ++id) {
    const Node& node = graph.node(id);
    plan.storage[id] = id;
    if (!needed[id] || IsLeaf(node)) continue;
    HostStep step{.node = id};
    if (node.op == OpKind::kReshape && !IsLeaf(graph.node(node.inputs[0]))) {
      plan.storage[id] = plan.storage[node.inputs[0]];
    } else {
      const double cost = NodeCost(graph, node);
      const bool on_backend = kernels.Supports(graph, node);
      step.kernels = on_backend ? &kernels : &ReferenceKernels();
      plan.summary.cost += cost;
      if (on_backend) plan.summary.cost_on_backend += cost;
      if (!on_backend && cost > 0) ++plan.summary.fallbacks[std::string(OpName(node.op))];
    }
    plan.steps.push_back(std::move(step));
  }
}

void AddFrees(HostPlan& plan) {
  constexpr size_t kNever = SIZE_MAX;  // Nothing needs the value: it is never made.
  std::vector<size_t> last_use(plan.graph.nodes().size(), kNever);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Node& node = plan.graph.node(plan.steps[i].node);
    last_use[plan.storage[plan.steps[i].node]] = i;
    for (ValueId id : node.inputs) last_use[plan.storage[id]] = i;
  }
  for (ValueId id : plan.graph.outputs()) last_use[plan.storage[id]] = kNever;
  for (ValueId id = 0; id < last_use.size(); ++id) {
    const bool owns = plan.storage[id] == id && !IsLeaf(plan.graph.node(id));
    if (owns && last_use[id] != kNever) plan.steps[last_use[id]].freed_after.push_back(id);
  }
}

// Memory for a weight while `node` runs.
uint64_t DecodedBytes(const Graph& graph, const Node& node, ValueId weight) {
  return ReadsRows(graph, node) && weight == node.inputs[0] ? ResultBytes(node) : ResultBytes(graph.node(weight));
}

// What the executor will allocate and free, added up.
uint64_t PeakBytes(const HostPlan& plan) {
  MemoryMeter meter;
  for (const HostStep& step : plan.steps) {
    const Node& node = plan.graph.node(step.node);
    uint64_t weights = 0;
    for (ValueId id : node.inputs) {
      if (plan.graph.node(id).op == OpKind::kWeight) weights += DecodedBytes(plan.graph, node, id);
    }
    meter.Add(weights);
    if (step.kernels != nullptr) meter.Add(ResultBytes(node));
    meter.Remove(weights);
    for (ValueId id : step.freed_after) meter.Remove(ResultBytes(plan.graph.node(id)));
  }
  for (ValueId id : plan.graph.outputs()) meter.Add(ResultBytes(plan.graph.node(id)));
  return meter.peak_bytes();
}

}  // namespace

bool IsLeaf(const Node& node) {
  return node.op == OpKind::kInput || node.op == OpKind::kWeight || node.op == OpKind::kConstant;
}

bool ReadsRows(const Graph& graph, const Node& node) {
  return node.op == OpKind::kGather && graph.node(node.inputs[0]).op == OpKind::kWeight &&
         std::get<GatherAttributes>(node.attributes).axis == 0;
}

absl::StatusOr<HostPlan> MakeHostPlan(const Graph& graph, const HostKernels& kernels) {
  HostPlan plan;
  auto keep = [&](const Node& node) { return kernels.Supports(graph, node); };
  PLUMB_ASSIGN_OR_RETURN(plan.graph, LowerComposites(graph, keep));
  AddSteps(plan, kernels);
  AddFrees(plan);
  plan.summary.peak_bytes = PeakBytes(plan);
  return plan;
}

}  // namespace plumb
