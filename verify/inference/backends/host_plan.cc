#include "verify/inference/backends/host_plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/host_arena.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_weights.h"

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

void AddCost(PlanSummary& summary, const Graph& graph, const Node& node, bool on_backend) {
  const double cost = NodeCost(graph, node);
  summary.cost += cost;
  if (on_backend) summary.cost_on_backend += cost;
  if (!on_backend && cost > 0) ++summary.fallbacks[std::string(OpName(node.op))];
}

absl::Status AddSteps(HostPlan& plan, const HostKernels& kernels) {
  const Graph& graph = plan.graph;
  const std::vector<bool> needed = FindNeeded(graph);
  plan.steps.clear();
  plan.summary = {};
  plan.storage.resize(graph.nodes().size());
  for (ValueId id = 0; id < graph.nodes().size(); ++id) {
    const Node& node = graph.node(id);
    plan.storage[id] = id;
    if (!needed[id] || IsLeaf(node)) continue;
    HostStep step{.node = id};
    if (node.op == OpKind::kReshape && !IsLeaf(graph.node(node.inputs[0]))) {
      plan.storage[id] = plan.storage[node.inputs[0]];
    } else if (ReadsRows(graph, node)) {
      step.reads_rows = true;
      step.on_backend = true;
      AddCost(plan.summary, graph, node, true);
    } else {
      step.on_backend = kernels.Supports(graph, node);
      AddCost(plan.summary, graph, node, step.on_backend);
      const HostKernels& chosen = step.on_backend ? kernels : ReferenceKernels();
      PLUMB_ASSIGN_OR_RETURN(step.op, chosen.Prepare(graph, node, plan.keeps_weights));
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (graph.node(node.inputs[i]).op != OpKind::kWeight) continue;
        step.weights.push_back({node.inputs[i], i, step.op->FormOf(i)});
      }
    }
    plan.steps.push_back(std::move(step));
  }
  return absl::OkStatus();
}

// Bytes of all weights in the forms in which they would be kept.
uint64_t KeptBytes(const HostPlan& plan) {
  std::set<std::pair<ValueId, WeightForm>> kept;
  for (const HostStep& step : plan.steps) {
    for (const WeightUse& use : step.weights) kept.insert({use.weight, use.form});
  }
  uint64_t bytes = 0;
  for (const auto& [id, form] : kept) {
    bytes += form.packed_bytes > 0 ? form.packed_bytes : DecodedBytes(plan.graph.node(id), form);
  }
  return bytes;
}

// The last step that needs each value's memory; SIZE_MAX for those that are outputs or never made.
std::vector<size_t> LastUses(const HostPlan& plan) {
  std::vector<size_t> last_use(plan.graph.nodes().size(), SIZE_MAX);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Node& node = plan.graph.node(plan.steps[i].node);
    last_use[plan.storage[plan.steps[i].node]] = i;
    for (ValueId id : node.inputs) last_use[plan.storage[id]] = i;
  }
  for (ValueId id : plan.graph.outputs()) last_use[plan.storage[id]] = SIZE_MAX;
  return last_use;
}

void PlaceValues(HostPlan& plan) {
  const Graph& graph = plan.graph;
  plan.places.assign(graph.nodes().size(), {});
  for (size_t i = graph.outputs().size(); i-- > 0;) {
    const ValueId root = plan.storage[graph.outputs()[i]];
    if (!IsLeaf(graph.node(root))) plan.places[root] = {ValuePlace::Kind::kOutput, i};
  }
  const std::vector<size_t> last_use = LastUses(plan);
  for (ValueId id = 0; id < last_use.size(); ++id) {
    const bool owns = plan.storage[id] == id && !IsLeaf(graph.node(id));
    if (owns && last_use[id] != SIZE_MAX) plan.steps[last_use[id]].freed_after.push_back(id);
  }
  ArenaPlanner arena;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    HostStep& step = plan.steps[i];
    const Node& node = graph.node(step.node);
    ValuePlace& place = plan.places[step.node];
    if (plan.storage[step.node] == step.node && place.kind == ValuePlace::Kind::kNone) {
      place = {ValuePlace::Kind::kArena, arena.Take(ResultBytes(node))};
    }
    const uint64_t scratch = step.op == nullptr ? 0 : step.op->scratch_bytes();
    if (scratch > 0) {
      step.scratch_offset = arena.Take(scratch);
      arena.GiveBack(step.scratch_offset, scratch);
    }
    for (ValueId id : step.freed_after) arena.GiveBack(plan.places[id].where, ResultBytes(graph.node(id)));
  }
  plan.arena_bytes = arena.size_bytes();
}

void ChoosePrefetches(HostPlan& plan) {
  if (plan.keeps_weights) return;
  std::optional<size_t> before;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const bool large = std::any_of(plan.steps[i].weights.begin(), plan.steps[i].weights.end(), [&](const auto& use) {
      return DecodedBytes(plan.graph.node(use.weight), use.form) >= kPrefetchedWeightBytesMin;
    });
    if (large && before) plan.steps[*before].prefetched_step = i;
    if (large) before = i;
  }
}

// What the executor will allocate and free, added up as it does that.
class PeakCounter {
 public:
  explicit PeakCounter(const HostPlan& plan) : plan_(plan) {}

  uint64_t Count() {
    meter_.Add(plan_.arena_bytes);
    for (const HostStep& step : plan_.steps) {
      for (const WeightUse& use : step.weights) Load(use);
      if (step.prefetched_step) Prefetch(plan_.steps[*step.prefetched_step]);
      const ValuePlace& place = plan_.places[step.node];
      if (place.kind == ValuePlace::Kind::kOutput && plan_.storage[step.node] == step.node) {
        meter_.Add(ResultBytes(plan_.graph.node(step.node)));
      }
      if (plan_.keeps_weights) continue;
      for (const WeightUse& use : step.weights) meter_.Remove(Decoded(use));
    }
    CountLeafOutputs();
    return meter_.peak_bytes();
  }

 private:
  uint64_t Decoded(const WeightUse& use) const { return DecodedBytes(plan_.graph.node(use.weight), use.form); }

  void Load(const WeightUse& use) {
    if (prefetched_.erase({use.weight, use.form}) > 0 || kept_.contains({use.weight, use.form})) return;
    meter_.Add(Decoded(use));
    if (!plan_.keeps_weights) return;
    kept_.insert({use.weight, use.form});
    if (use.form.packed_bytes == 0) return;
    meter_.Add(use.form.packed_bytes);
    meter_.Remove(Decoded(use));
  }

  void Prefetch(const HostStep& step) {
    for (const WeightUse& use : step.weights) {
      if (Decoded(use) < kPrefetchedWeightBytesMin) continue;
      if (prefetched_.insert({use.weight, use.form}).second) meter_.Add(Decoded(use));
    }
  }

  void CountLeafOutputs() {
    std::set<ValueId> placed;
    for (ValueId id : plan_.graph.outputs()) {
      const ValueId root = plan_.storage[id];
      if (!IsLeaf(plan_.graph.node(root)) && placed.insert(root).second) continue;
      const uint64_t bytes = ResultBytes(plan_.graph.node(id));
      const bool loads = plan_.graph.node(root).op == OpKind::kWeight && !kept_.contains({root, WeightForm{}});
      if (loads) meter_.Add(bytes);
      meter_.Add(bytes);
      if (loads && !plan_.keeps_weights) meter_.Remove(bytes);
    }
  }

  const HostPlan& plan_;
  MemoryMeter meter_;
  std::set<std::pair<ValueId, WeightForm>> prefetched_;
  std::set<std::pair<ValueId, WeightForm>> kept_;
};

}  // namespace

bool IsLeaf(const Node& node) {
  return node.op == OpKind::kInput || node.op == OpKind::kWeight || node.op == OpKind::kConstant;
}

bool ReadsRows(const Graph& graph, const Node& node) {
  return node.op == OpKind::kGather && graph.node(node.inputs[0]).op == OpKind::kWeight &&
         std::get<GatherAttributes>(node.attributes).axis == 0;
}

absl::StatusOr<HostPlan> MakeHostPlan(const Graph& graph, const HostKernels& kernels, const PlanOptions& options) {
  HostPlan plan;
  auto keep = [&](const Node& node) { return kernels.Supports(graph, node); };
  PLUMB_ASSIGN_OR_RETURN(plan.graph, LowerComposites(graph, keep));
  PLUMB_RETURN_IF_ERROR(AddSteps(plan, kernels));
  plan.keeps_weights = KeptBytes(plan) <= options.kept_weights_bytes_max;
  if (plan.keeps_weights) {
    PLUMB_RETURN_IF_ERROR(AddSteps(plan, kernels));
    if (KeptBytes(plan) > options.kept_weights_bytes_max) {  // Packed, they are too large.
      plan.keeps_weights = false;
      PLUMB_RETURN_IF_ERROR(AddSteps(plan, kernels));
      plan.keeps_weights = true;
    }
  }
  PlaceValues(plan);
  ChoosePrefetches(plan);
  plan.summary.peak_bytes = PeakCounter(plan).Count();
  return plan;
}

}  // namespace plumb
