// What the host executor is going to do: operators in order, each with where its result lies and what it needs.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_PLAN_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_PLAN_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// A weight that a step reads whole.
struct WeightUse {
  ValueId weight = 0;
  size_t operand = 0;  // Of the step's node.
  WeightForm form;
};

// One operator to run.
struct HostStep {
  ValueId node = 0;
  // nullptr: the result is its operand's memory under another shape, or rows of a weight.
  std::unique_ptr<PreparedOp> op;
  bool reads_rows = false;
  bool on_backend = false;      // Not on `reference`.
  uint64_t scratch_offset = 0;  // Of op->scratch_bytes() in the arena.
  std::vector<WeightUse> weights;
  std::vector<ValueId> freed_after;  // Values that no later step needs.
  // The step whose weights are decoded while this one computes.
  std::optional<size_t> prefetched_step;

  // Whether it makes a value, and does not only name one anew.
  bool computes() const { return op != nullptr || reads_rows; }
};

// Where the bytes of a value that owns its memory lie.
struct ValuePlace {
  enum class Kind { kNone, kArena, kOutput };
  Kind kind = Kind::kNone;
  uint64_t where = 0;  // kArena: the offset; kOutput: which of Graph::outputs().
};

// A lowered graph and the order of work on it.
struct HostPlan {
  Graph graph;
  std::vector<HostStep> steps;
  // The value whose memory holds each value: itself, but for reshapes.
  std::vector<ValueId> storage;
  std::vector<ValuePlace> places;
  uint64_t arena_bytes = 0;
  bool keeps_weights = false;
  PlanSummary summary;
};

// Weights smaller than this are decoded when they are needed: waiting for another thread would take longer.
inline constexpr uint64_t kPrefetchedWeightBytesMin = 1 << 20;

// Inputs, weights and constants: values that no step makes.
bool IsLeaf(const Node& node);
// A gather from a weight by its first dimension: only the rows named are decoded.
bool ReadsRows(const Graph& graph, const Node& node);
// Memory for decoding a weight into a form's type, packing aside.
uint64_t DecodedBytes(const Node& weight, const WeightForm& form);

absl::StatusOr<HostPlan> MakeHostPlan(const Graph& graph, const HostKernels& kernels, const PlanOptions& options);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_PLAN_H_
