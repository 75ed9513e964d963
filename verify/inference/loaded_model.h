// A config and its weights, opened and checked against each other.
#ifndef PLUMB_VERIFY_INFERENCE_LOADED_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_LOADED_MODEL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/inference/architecture.h"
#include "plumb/weights/weight_set.h"
#include "verify/inference/finite.h"
#include "verify/inference/runnable_model.h"

namespace plumb {

// Weights are decoded each time they are loaded; those that lie aligned in the file as F32 or BF16 can be viewed there.
// Thread-safe.
class LoadedModel : public RunnableModel {
 public:
  // Opens both (and what a modules.json beside the config names) and binds the tensors; reads no weights. UNIMPLEMENTED
  // for an unknown architecture, INVALID_ARGUMENT when config or weights are not what they must be, and what opening
  // reported.
  static absl::StatusOr<std::unique_ptr<LoadedModel>> Open(const Directory& folder, const std::string& config_path,
                                                           const std::string& weights_path);

  const Model& model() const override { return *model_; }
  std::string ContainerName(const std::string& name) const override;
  absl::Status CheckCopies() const override;
  // OUT_OF_RANGE (ErrorClass::kPolicy) names the tensor when an element is NaN or infinite.
  absl::Status Load(const std::string& name, std::span<float> out) const override;
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override;
  TensorView View(const std::string& name, ElementType type) const override;
  // Reads a tensor once and remembers that its elements are finite.
  absl::Status Check(const std::string& name) const override;
  void Release(const std::string& name) const override;

 private:
  // OUT_OF_RANGE unless the tensor has elements [first, first + count).
  absl::StatusOr<const TensorInfo*> Find(const std::string& name, uint64_t first, uint64_t count) const;
  // A container besides the model's own, of a sentence encoder's dense layer.
  struct Addition {
    WeightSet weights;
    // Its tensors under the model's names for them, in the order of weights.tensors().
    std::vector<std::unique_ptr<TensorInfo>> tensors;
  };

  LoadedModel(std::unique_ptr<Model> model, WeightSet weights)
      : model_(std::move(model)), weights_(std::move(weights)) {}
  absl::Status AddDense(const Directory& folder, const std::string& base, const std::string& name);
  std::vector<const TensorInfo*> AllTensors() const;
  // The container of a tensor of AllTensors(), and the tensor as that calls it.
  std::pair<const WeightSet*, const TensorInfo*> Stored(const TensorInfo& tensor) const;
  std::span<const uint8_t> BytesOf(const TensorInfo& tensor) const;

  std::unique_ptr<Model> model_;
  WeightSet weights_;
  std::vector<Addition> additions_;
  TensorBinding binding_;
  mutable FiniteTensors finite_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_LOADED_MODEL_H_
