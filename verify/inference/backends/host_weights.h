// The weights of a plan on the host: viewed where they lie, decoded when or shortly before an operator needs them, or
// kept from run to run.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_WEIGHTS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_WEIGHTS_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/backends/weight_decoder.h"

namespace plumb {

// A weight in memory: decoded for its holder, or lying elsewhere for as long as the source or the plan does. When it
// goes, the pages of a viewed weight may go too.
class LoadedWeight {
 public:
  LoadedWeight(HostBuffer buffer, const TensorView& view, const WeightSource* source, const std::string* viewed)
      : buffer_(std::move(buffer)), view_(view), source_(source), viewed_(viewed) {}
  LoadedWeight(LoadedWeight&& other) noexcept
      : buffer_(std::move(other.buffer_)),
        view_(other.view_),
        source_(other.source_),
        viewed_(std::exchange(other.viewed_, nullptr)) {}
  LoadedWeight& operator=(LoadedWeight&&) = delete;
  ~LoadedWeight() {
    if (viewed_ != nullptr) source_->Release(*viewed_);
  }
  const TensorView& view() const { return view_; }

 private:
  HostBuffer buffer_;
  TensorView view_;
  const WeightSource* source_;
  const std::string* viewed_;  // The name to release; nullptr when it was decoded or is kept.
};

// RESOURCE_EXHAUSTED that names the tensor.
absl::Status NoMemory(const Node& node);

// Used by one thread at a time; decodes ahead on a thread of its own.
class HostWeights {
 public:
  // `keep`: what is decoded stays until another source is named.
  HostWeights(bool keep, MemoryMeter& meter) : meter_(meter), keep_(keep) {}

  // Names the source of the run that begins. Another source than before makes it forget what it kept.
  void Begin(const WeightSource* source);
  // Ends a run: after it nothing reads the source.
  void End() { decoder_.reset(); }

  // Weight `index` of `op` in the form that it wants. `op` may be nullptr for a form that is not packed.
  absl::StatusOr<LoadedWeight> Load(const Node& weight, const WeightForm& form, const PreparedOp* op, size_t index);
  // Begins to decode what Load will be asked for. RESOURCE_EXHAUSTED without memory.
  absl::Status Prefetch(const Node& weight, const WeightForm& form);
  // Only the rows that `ids` name, one for each id in order. INVALID_ARGUMENT for an id outside the table, unless
  // `gather` lets it count from the end.
  absl::Status LoadRows(const Node& weight, const HostTensor& ids, const Node& gather, std::span<float> out) const;

 private:
  using Key = std::pair<std::string, WeightForm>;

  // A decoded buffer, or none where the source can be viewed.
  absl::StatusOr<DecodedWeight> Decode(const Node& weight, const WeightForm& form);
  absl::StatusOr<LoadedWeight> Keep(const Node& weight, const WeightForm& form, DecodedWeight decoded,
                                    const PreparedOp* op, size_t index);

  MemoryMeter& meter_;
  const bool keep_;
  const WeightSource* source_ = nullptr;
  std::map<Key, HostBuffer> kept_;
  std::unique_ptr<WeightDecoder> decoder_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_HOST_WEIGHTS_H_
