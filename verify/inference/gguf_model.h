// A language model in a GGUF file: its description and its weights, checked against each other.
#ifndef PLUMB_VERIFY_INFERENCE_GGUF_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_GGUF_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "plumb/weights/tensor_source.h"
#include "verify/inference/finite.h"
#include "verify/inference/runnable_model.h"

namespace plumb {

// Weights are dequantised each time they are loaded, so that a quantised model is judged as what it is; those that lie
// aligned in the file as F32 or BF16 can be viewed there. Thread-safe.
class GgufModel : public RunnableModel {
 public:
  // INVALID_ARGUMENT (ErrorClass::kPolicy) when the key-values are not understood or the tensors are not what they
  // imply; UNIMPLEMENTED for an unknown architecture, and for what is no whole model: an adapter, a projector, a
  // vocabulary.
  static absl::StatusOr<std::unique_ptr<GgufModel>> New(std::unique_ptr<const TensorSource> source);

  // Whether the tensors of `source` are those that `model`, read from its key-values, needs. INVALID_ARGUMENT.
  static absl::Status CheckTensorsOf(const TensorSource& source, const Model& model);

  const Model& model() const override { return *model_; }
  std::string ContainerName(const std::string& name) const override;
  // OUT_OF_RANGE (ErrorClass::kPolicy) names the tensor when an element is NaN or infinite.
  absl::Status Load(const std::string& name, std::span<float> out) const override;
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override;
  TensorView View(const std::string& name, ElementType type) const override;
  // Reads a tensor once and remembers that its elements are finite.
  absl::Status Check(const std::string& name) const override;
  void Release(const std::string& name) const override;

 private:
  // Where a weight of the graph lies: a whole tensor, or one expert's part of it. Counts elements.
  struct Stored {
    const SourceTensor* tensor = nullptr;
    uint64_t first = 0;
    uint64_t count = 0;
  };
  using StoredWeights = std::map<std::string, Stored, std::less<>>;

  GgufModel(std::unique_ptr<const TensorSource> source, std::unique_ptr<Model> model, StoredWeights stored)
      : source_(std::move(source)), model_(std::move(model)), stored_(std::move(stored)) {}
  static StoredWeights Locate(const TensorSource& source, const Model& model);
  static absl::Status CheckTensors(const TensorSource& source, const Model& model, const StoredWeights& stored);
  // Elements [first, first + count) of a weight, which must have so many.
  absl::StatusOr<const Stored*> Find(const std::string& name, uint64_t first, uint64_t count) const;

  std::unique_ptr<const TensorSource> source_;
  std::unique_ptr<Model> model_;
  StoredWeights stored_;
  mutable FiniteTensors finite_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_GGUF_MODEL_H_
