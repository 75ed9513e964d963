// What the host executor decides before it runs anything.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_PLAN_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_PLAN_H_

#include <vector>

#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// One operator to run.
struct HostStep {
  ValueId node = 0;
  const HostKernels* kernels = nullptr;  // nullptr: the result is its operand's memory under another shape.
  std::vector<ValueId> freed_after;      // Values whose memory is not needed any more.
};

// A lowered graph and the order of work on it.
struct HostPlan {
  Graph graph;
  std::vector<HostStep> steps;
  // The value whose memory holds each value: itself, but for reshapes.
  std::vector<ValueId> storage;
  PlanSummary summary;
};

// Inputs, weights and constants: values that no step makes.
bool IsLeaf(const Node& node);
// A gather from a weight by its first dimension: only the rows named are decoded.
bool ReadsRows(const Graph& graph, const Node& node);

absl::StatusOr<HostPlan> MakeHostPlan(const Graph& graph, const HostKernels& kernels);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_PLAN_H_
