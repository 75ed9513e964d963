// An ONNX model as the smoke check runs it.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_ONNX_CASE_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_ONNX_CASE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/onnx.h"
#include "verify/inference/runnable_model.h"

namespace plumb {

// Graphs are specialised for the inputs they are asked for. Its weights may be infinite (masks are) but not NaN.
// Thread-safe.
class OnnxCase : public RunnableModel {
 public:
  // The errors of OnnxModel::Open; UNIMPLEMENTED for a model without outputs.
  static absl::StatusOr<std::unique_ptr<OnnxCase>> Open(const Directory& folder, const std::string& path);

  const Model& model() const override { return *description_; }
  absl::StatusOr<Graph> BuildGraph(const ModelInputs& inputs) const override;
  absl::StatusOr<ModelInputs> DefaultInputs(uint64_t positions) const override;
  bool TakesIds() const override;
  absl::StatusOr<ModelInputs> InputsForIds(const std::vector<int32_t>& ids) const override;
  absl::StatusOr<std::string> ConfigHash(const Graph& graph) const override;
  TensorValue Recorded(const TensorValue& output) const override;
  absl::StatusOr<Golden> LoadGolden(const Directory& folder, const std::string& path) const override;
  absl::StatusOr<std::string> SerializeGolden(const Golden& golden,
                                              const std::map<std::string, std::string>& metadata) const override;

  absl::Status Load(const std::string& name, std::span<float> out) const override {
    return onnx_->weights().Load(name, out);
  }
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override {
    return onnx_->weights().LoadPart(name, first, out);
  }
  TensorView View(const std::string& name, ElementType type) const override {
    return onnx_->weights().View(name, type);
  }
  absl::Status Check(const std::string& name) const override { return onnx_->weights().Check(name); }

 private:
  OnnxCase(std::unique_ptr<OnnxModel> model, std::unique_ptr<Model> description)
      : onnx_(std::move(model)), description_(std::move(description)) {}

  std::unique_ptr<OnnxModel> onnx_;
  std::unique_ptr<Model> description_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_ONNX_CASE_H_
