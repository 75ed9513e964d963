#include "verify/inference/check/case_run.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/check/jitter.h"
#include "verify/inference/check/layer_trace.h"

namespace plumb {
namespace {

uint64_t MemoryAllowed(const SmokeOptions& options) {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return options.memory_bytes_max;
  return std::min(options.memory_bytes_max, static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes));
}

// `run` says what is called on the way; the rest of it is filled in.
absl::StatusOr<CaseRun> RunOn(const Backend& backend, const OpenCase& open, const Graph& graph,
                              const ModelInputs& inputs, const SmokeOptions& options, RunInputs run) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable, backend.Plan(graph));
  CaseRun found = {.result = {}, .summary = executable->summary(), .hidden = {}, .layers = {}};
  if (const uint64_t allowed = MemoryAllowed(options); found.summary.peak_bytes > allowed) {
    return absl::ResourceExhaustedError(
        fmt::format("the run needs {} bytes of memory at a time, {} are allowed", found.summary.peak_bytes, allowed));
  }
  run.weights = open.weights.get();
  run.cancelled = options.cancelled;
  for (const auto& [name, value] : inputs.values) run.tensors[name] = value.view();
  PLUMB_ASSIGN_OR_RETURN(found.result, executable->Run(run));
  return found;
}

}  // namespace

absl::StatusOr<CaseRun> RunTask(const Backend& backend, const OpenCase& open, const Task& task,
                                const SmokeOptions& options, const Observer& observer) {
  return RunOn(backend, open, task.graph, task.inputs, options, {.observer = observer});
}

absl::StatusOr<CaseRun> RunMoved(const Backend& backend, const OpenCase& open, const Task& task,
                                 const SmokeOptions& options, Jitter& jitter) {
  const ModelInputs inputs = jitter.Moved(task.inputs);
  return RunOn(backend, open, task.graph, inputs, options,
               {.disturb = [&](const Node& node, std::span<uint8_t> bytes) { jitter.Disturb(node, bytes); }});
}

absl::StatusOr<CaseRun> RunTraced(const Backend& backend, const OpenCase& open, const Task& task,
                                  const SmokeOptions& options) {
  LayerTracer tracer(task.graph);
  const Observer trace = tracer.observer();
  const std::string hidden_node = HiddenNodeOf(task.graph);
  std::vector<float> hidden;
  const Observer both = [&](const Node& node, const TensorView& value) {
    trace(node, value);
    if (node.name != hidden_node || value.type != ElementType::kF32) return;
    hidden.assign(value.As<float>().begin(), value.As<float>().end());
  };
  PLUMB_ASSIGN_OR_RETURN(CaseRun run, RunTask(backend, open, task, options, both));
  run.hidden = std::move(hidden);
  run.layers = tracer.digests();
  return run;
}

absl::Status CheckTables(const OpenCase& open) {
  const Graph& graph = open.task.graph;
  std::map<ValueId, bool> tables;  // Weights, and whether they are used as tables only.
  for (const Node& node : graph.nodes()) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (graph.node(node.inputs[i]).op != OpKind::kWeight) continue;
      bool& only_rows = tables.try_emplace(node.inputs[i], true).first->second;
      only_rows = only_rows && node.op == OpKind::kGather && i == 0;
    }
  }
  for (const auto& [id, only_rows] : tables) {
    if (only_rows) PLUMB_RETURN_IF_ERROR(open.weights->Check(graph.node(id).name));
  }
  return absl::OkStatus();
}

}  // namespace plumb
