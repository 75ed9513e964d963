// The weights of a plan on the host: decoded when an operator needs them, or kept from run to run.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_WEIGHTS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_WEIGHTS_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/backends/host_plan.h"

namespace plumb {

// A weight in memory: decoded for its holder, or lying elsewhere for as long as the source or the plan does.
class LoadedWeight {
 public:
  explicit LoadedWeight(HostBuffer buffer) : buffer_(std::move(buffer)) {}
  explicit LoadedWeight(std::span<const float> view) : view_(view) {}
  std::span<const float> values() const { return buffer_.data() != nullptr ? buffer_.floats() : view_; }

 private:
  HostBuffer buffer_;
  std::span<const float> view_;
};

// RESOURCE_EXHAUSTED that names the tensor.
absl::Status NoMemory(const Node& node);

// Not thread-safe.
class HostWeights {
 public:
  // Keeps what it decodes when all of the plan's weights fit into the options' limit.
  HostWeights(const HostPlan& plan, const PlanOptions& options, MemoryMeter& meter);

  // Names the source of the run that begins. Another source than before makes it forget what it kept.
  void Begin(const WeightSource* source);
  absl::StatusOr<LoadedWeight> Load(const Node& weight);
  // Only the rows that `ids` name, one for each id in order; `row_ids` becomes 0, 1, 2, ... INVALID_ARGUMENT for an id
  // outside the table, unless `gather` lets it count from the end.
  absl::StatusOr<LoadedWeight> LoadRows(const Node& weight, const HostTensor& ids, const Node& gather,
                                        std::vector<int32_t>& row_ids);

 private:
  MemoryMeter& meter_;
  bool keep_ = false;
  const WeightSource* source_ = nullptr;
  std::map<std::string, HostBuffer> kept_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_WEIGHTS_H_
