#include "verify/inference/check/onnx_case.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/onnx/file.h"
#include "verify/inference/check/layer_trace.h"
#include "verify/inference/check/onnx_golden.h"
#include "verify/inference/check/onnx_hash.h"
#include "verify/inference/check/onnx_inputs.h"

namespace plumb {
namespace {

// What a Model says, as far as it can be said of an ONNX file.
class OnnxDescription : public Model {
 public:
  explicit OnnxDescription(const OnnxModel& model) {
    for (const std::string& name : model.outputs()) {
      const bool logits = name.find("logits") != std::string::npos;
      outputs_.push_back({name, logits ? OutputKind::kLogits : OutputKind::kFeatures});
    }
    std::set<std::string> layers;
    for (const OnnxNode& node : model.file().model().graph.nodes) layers.insert(LayerOf(node.name));
    layers.erase("");
    layers_ = std::max<uint64_t>(layers.size(), 1);
  }

  std::string_view architecture() const override { return "onnx"; }
  const TensorRules& tensors() const override { return tensors_; }
  uint64_t layers() const override { return layers_; }
  uint64_t vocabulary() const override { return 0; }
  uint64_t positions_max() const override { return limits::kModelWidthMax; }
  std::vector<InputSpec> Inputs(uint64_t, uint64_t) const override { return {}; }
  std::vector<OutputSpec> Outputs() const override { return outputs_; }
  absl::StatusOr<Graph> BuildGraph(uint64_t, uint64_t) const override {
    return Internal("an ONNX model's graph depends on its inputs");
  }

 private:
  TensorRules tensors_;
  std::vector<OutputSpec> outputs_;
  uint64_t layers_ = 1;
};

OnnxValues ValuesOf(const ModelInputs& inputs) { return {inputs.values.begin(), inputs.values.end()}; }

}  // namespace

absl::StatusOr<std::unique_ptr<OnnxCase>> OnnxCase::Open(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<OnnxModel> model, OnnxModel::Open(folder, path));
  if (model->outputs().empty()) return absl::UnimplementedError("the model has no outputs");
  auto description = std::make_unique<OnnxDescription>(*model);
  return std::unique_ptr<OnnxCase>(new OnnxCase(std::move(model), std::move(description)));
}

absl::StatusOr<Graph> OnnxCase::BuildGraph(const ModelInputs& inputs) const {
  PLUMB_ASSIGN_OR_RETURN(OnnxImport import, onnx_->BuildGraph(ValuesOf(inputs)));
  return std::move(import.graph);
}

absl::StatusOr<ModelInputs> OnnxCase::DefaultInputs(uint64_t positions) const {
  PLUMB_ASSIGN_OR_RETURN(OnnxValues values, ChooseOnnxInputs(*onnx_, positions));
  return ModelInputs{.sequences = 1, .positions = positions, .values = {values.begin(), values.end()}};
}

bool OnnxCase::TakesIds() const {
  return std::any_of(onnx_->inputs().begin(), onnx_->inputs().end(), [](const OnnxInput& input) {
    return input.name == kInputIds && (input.type == ElementType::kI64 || input.type == ElementType::kI32);
  });
}

absl::StatusOr<ModelInputs> OnnxCase::InputsForIds(const std::vector<int32_t>& ids) const {
  PLUMB_ASSIGN_OR_RETURN(ModelInputs inputs, DefaultInputs(ids.size()));
  TensorValue& value = inputs.values.at(kInputIds);
  if (value.shape != Shape{1, ids.size()}) {
    return WithErrorClass(InvalidArgument(fmt::format("the prompt has {} tokens, the model takes input_ids of shape {}",
                                                      ids.size(), ShapeText(value.shape))),
                          ErrorClass::kUsage);
  }
  const std::vector<int64_t> wide(ids.begin(), ids.end());
  value = value.type == ElementType::kI64 ? TensorValue::Of<int64_t>(value.shape, wide)
                                          : TensorValue::Of<int32_t>(value.shape, ids);
  return inputs;
}

absl::StatusOr<std::string> OnnxCase::ConfigHash(const Graph& /*graph*/) const { return OnnxHash(onnx_->file()); }

TensorValue OnnxCase::Recorded(const TensorValue& output) const { return SampleOutput(output); }

absl::StatusOr<Golden> OnnxCase::LoadGolden(const Directory& folder, const std::string& path) const {
  return LoadOnnxGolden(folder, path, *onnx_);
}

absl::StatusOr<std::string> OnnxCase::SerializeGolden(const Golden& golden,
                                                      const std::map<std::string, std::string>& metadata) const {
  return SerializeOnnxGolden(golden, onnx_->outputs(), metadata);
}

}  // namespace plumb
