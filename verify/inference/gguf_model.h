// A language model in a GGUF file: its description and its weights, checked against each other.
#ifndef PLUMB_VERIFY_INFERENCE_GGUF_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_GGUF_MODEL_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/backend.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Weights are dequantised each time they are loaded, so that a quantised model is judged as what it is. Immutable,
// thread-safe.
class GgufModel : public WeightSource {
 public:
  // INVALID_ARGUMENT (ErrorClass::kPolicy) when the key-values are not understood or the tensors are not what they
  // imply; UNIMPLEMENTED for an unknown architecture.
  static absl::StatusOr<std::unique_ptr<GgufModel>> New(std::unique_ptr<const TensorSource> source);

  const Model& model() const { return *model_; }
  // INVALID_ARGUMENT (ErrorClass::kPolicy) names the tensor when an element is NaN or infinite.
  absl::Status Load(const std::string& name, std::span<float> out) const override;
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override;

 private:
  GgufModel(std::unique_ptr<const TensorSource> source, std::unique_ptr<Model> model)
      : source_(std::move(source)), model_(std::move(model)) {}

  std::unique_ptr<const TensorSource> source_;
  std::unique_ptr<Model> model_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_GGUF_MODEL_H_
