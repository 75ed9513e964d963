// Backends: ways to compute a graph on this machine.
//
// A backend never sees a file. Weights reach it as float32 that Plumb itself decoded, so that two backends can
// differ in arithmetic only.
#ifndef PLUMB_INFERENCE_BACKEND_H_
#define PLUMB_INFERENCE_BACKEND_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/inference/graph.h"

namespace plumb {

// Where an executable gets its weights from. Thread-safe.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Fills `out` with the whole tensor, row-major. An error ends the run and comes back from it.
  virtual absl::Status Load(const std::string& name, std::span<float> out) const = 0;
  // Fills `out` with consecutive elements from `first` on, for operators that read few rows of a table.
  virtual absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const = 0;
  // The whole tensor where it lies, when it lies aligned in memory as `type` (float32 or bfloat16); otherwise no bytes,
  // and Load must be called. Reads nothing, so that Check must be called before the elements are used. Valid as long as
  // this source.
  virtual TensorView View(const std::string& /*name*/, ElementType /*type*/) const { return {}; }
  // Finds out what Load would: an error when the tensor cannot be used. Cheap when asked again.
  virtual absl::Status Check(const std::string& /*name*/) const { return absl::OkStatus(); }
  // The caller is done with a tensor that it viewed or read in parts: its pages need not stay in memory.
  virtual void Release(const std::string& /*name*/) const {}
};

// What one run is given. Borrows everything for the call.
struct RunInputs {
  // Values of the int32 inputs by name, row-major, of the shapes in the graph.
  std::map<std::string, std::span<const int32_t>> ids;
  // Values of the float32 inputs by name.
  std::map<std::string, std::span<const float>> values;
  // Values of inputs of any type, by name.
  std::map<std::string, TensorView> tensors;
  const WeightSource* weights = nullptr;
  // When it becomes true, the run ends with CANCELLED before its next operator.
  const std::atomic<bool>* cancelled = nullptr;
  // Called after each operator with its node (of the lowered graph) and its result, from the thread that called Run.
  std::function<void(const Node&, const TensorView&)> observer;
  // Called after each operator whose result has memory of its own, before anything reads it, with the result's bytes,
  // which it may change: for measuring how far outputs move. Only backends whose tensors lie in this process's memory
  // call it.
  std::function<void(const Node&, std::span<uint8_t>)> disturb;
};

// What one run gave.
struct RunResult {
  std::vector<TensorValue> outputs;  // In the order of Graph::outputs().
  // The first output. REQUIRES: it is float32.
  std::span<const float> output() const { return outputs.front().As<float>(); }
  double seconds = 0;  // Wall time, weight decoding included.
  // Most bytes of tensors (decoded weights, intermediates, output) that were alive at one time, as the
  // executor allocated them. The inputs, mapped files and a kernel's own scratch space are not in it.
  uint64_t peak_bytes = 0;
};

// What a plan will do where.
struct PlanSummary {
  double cost = 0;             // Sum of NodeCost.
  double cost_on_backend = 0;  // The part that the backend itself computes; the rest falls back to `reference`.
  // Operators that fall back, by name, and how many nodes each.
  std::map<std::string, uint64_t> fallbacks;
  // What RunResult::peak_bytes will be at most.
  uint64_t peak_bytes = 0;

  // Share of the arithmetic that runs on the backend, 0 to 1.
  double coverage() const { return cost > 0 ? cost_on_backend / cost : 1; }
};

// How a graph is to be run.
struct PlanOptions {
  // Decoded weights are kept from run to run, in the form that suits the backend best, as long as all of them together
  // need at most this; otherwise none is kept, and the next operator's weights are decoded while an operator computes.
  uint64_t kept_weights_bytes_max = 0;
};

// A graph made ready for one backend. Run may be called again, from one thread at a time.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const PlanSummary& summary() const = 0;
  // INVALID_ARGUMENT for a missing or wrongly sized input or an id outside its table, RESOURCE_EXHAUSTED without
  // memory, CANCELLED, or what the weight source or the backend's library reported.
  virtual absl::StatusOr<RunResult> Run(const RunInputs& inputs) const = 0;
};

// What a backend's products are computed with, and so how closely its results can be judged.
enum class Precision {
  kF32,   // Products of float32.
  kBF16,  // Operands of products are rounded to bfloat16; sums are float32.
};

// One way to compute. Stateless and thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;
  // The name on the command line: `reference`, `onednn`, ...
  virtual std::string_view name() const = 0;
  // What it runs on, for people: the library's version and the device.
  virtual std::string description() const = 0;
  // OK when it can run here; otherwise UNAVAILABLE with the reason.
  virtual absl::Status Available() const = 0;
  virtual Precision precision() const { return Precision::kF32; }
  // Environment variables, with values, that a process must be started with for this backend to be available.
  virtual std::map<std::string, std::string> environment() const { return {}; }
  // Whether a check that names no backends leaves this one out: asking whether it is available is not cheap.
  virtual bool on_request() const { return false; }
  // Prepares a graph. Operators the backend lacks fall back to `reference`; the summary lists them.
  virtual absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const = 0;
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph) const { return Plan(graph, PlanOptions{}); }
  // The same way to compute with a choice made, as `name:variant` asks for: a device, an instruction set. It lives as
  // long as the program. INVALID_ARGUMENT (ErrorClass::kUsage) when there is no such choice.
  virtual absl::StatusOr<const Backend*> Variant(std::string_view variant) const;
  // The variants that Variant knows by fixed names.
  virtual std::vector<std::string> variants() const { return {}; }
};

// Every backend in this build, `reference` first. They live as long as the program.
const std::vector<const Backend*>& Backends();

// The backend of that name, or of a name and a variant: `opencl:1`, `onednn:bf16`. INVALID_ARGUMENT
// (ErrorClass::kUsage) lists those there are.
absl::StatusOr<const Backend*> FindBackend(std::string_view name);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_BACKEND_H_
