#include "verify/inference/architectures/layer_builder.h"

#include <optional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

class PartsModel : public Model {
 public:
  explicit PartsModel(ModelParts parts) : parts_(std::move(parts)) {}

  std::string_view architecture() const override { return parts_.architecture; }
  const TensorRules& tensors() const override { return parts_.rules; }
  uint64_t layers() const override { return parts_.layers; }
  uint64_t vocabulary() const override { return parts_.vocabulary; }
  uint64_t positions_max() const override { return parts_.positions_max; }
  std::vector<InputSpec> Inputs(uint64_t sequences, uint64_t positions) const override {
    return parts_.inputs(sequences, positions);
  }
  std::vector<OutputSpec> Outputs() const override { return parts_.outputs; }

  absl::StatusOr<Graph> BuildGraph(uint64_t sequences, uint64_t positions) const override {
    if (sequences == 0) return InvalidArgument("a graph needs at least one sequence");
    if (positions == 0 || positions > parts_.positions_max) {
      return InvalidArgument(fmt::format("{} positions, the model has 1 to {}", positions, parts_.positions_max));
    }
    LayerBuilder builder(sequences, positions, parts_.inputs(sequences, positions));
    std::vector<ValueId> outputs = parts_.build(builder);
    return builder.Build(std::move(outputs));
  }

  void Require(std::vector<ExpectedTensor> tensors) { parts_.rules.required = std::move(tensors); }

 private:
  ModelParts parts_;
};

}  // namespace

LayerBuilder::LayerBuilder(uint64_t sequences, uint64_t positions, const std::vector<InputSpec>& inputs)
    : sequences_(sequences), positions_(positions) {
  for (const InputSpec& input : inputs) inputs_[input.name] = Input(input.name, input.type, input.shape);
}

ValueId LayerBuilder::Linear(const std::string& name, ValueId x, uint64_t in, uint64_t out, bool bias) {
  ValueId weight = Weight(name + ".weight", {out, in});
  std::optional<ValueId> shift;
  if (bias) shift = Weight(name + ".bias", {out});
  return MatMul(name, x, weight, shift, {.transpose_b = true});
}

ValueId LayerBuilder::Norm(const std::string& name, ValueId x, uint64_t width, double epsilon, bool bias) {
  ValueId gain = Weight(name + ".weight", {width});
  std::optional<ValueId> shift;
  if (bias) shift = Weight(name + ".bias", {width});
  return LayerNorm(name, x, gain, shift, epsilon);
}

ValueId LayerBuilder::Embedding(const std::string& name, ValueId ids, uint64_t rows, uint64_t width) {
  return Gather(name, Weight(name + ".weight", {rows, width}), ids);
}

ValueId LayerBuilder::AddPositions(const std::string& name, ValueId x, uint64_t rows, uint64_t width, uint64_t first) {
  const Shape& shape = ShapeOf(x);
  const uint64_t count = shape.size() == 3 ? shape[1] : 1;
  ValueId table = Weight(name + ".weight", {rows, width});
  if (first != 0 || count != rows) table = Slice(name, table, 0, first, first + count);
  return Add(name + ".added", x, table);
}

ValueId LayerBuilder::Add(const std::string& name, ValueId a, ValueId b) {
  return Binary(name, BinaryFunction::kAdd, a, b);
}

ValueId LayerBuilder::Token(const std::string& name, ValueId x, uint64_t place) {
  const Shape shape = ShapeOf(x);
  if (shape.size() != 3) return x;  // After an error.
  ValueId cut = Slice(name + ".slice", x, 1, place, place + 1);
  return Reshape(name, cut, {shape[0], shape[2]});
}

ValueId LayerBuilder::Patches(const std::string& name, ValueId pixels, uint64_t channels, uint64_t patch,
                              uint64_t width, bool bias) {
  std::vector<ValueId> operands = {pixels, Weight(name + ".weight", {width, channels, patch, patch})};
  if (bias) operands.push_back(Weight(name + ".bias", {width}));
  ValueId x = Append(
      OpKind::kConv, name, std::move(operands),
      WindowAttributes{.strides = {patch, patch}, .dilations = {1, 1}, .pads_before = {0, 0}, .pads_after = {0, 0}});
  const Shape shape = ShapeOf(x);
  if (shape.size() != 4) return x;  // After an error.
  x = Reshape(name + ".flat", x, {shape[0], shape[1], shape[2] * shape[3]});
  return Transpose(name + ".patches", x, {0, 2, 1});
}

absl::StatusOr<std::unique_ptr<Model>> MakeModel(ModelParts parts) {
  auto model = std::make_unique<PartsModel>(std::move(parts));
  absl::StatusOr<Graph> graph = model->BuildGraph(1, 1);
  if (!graph.ok()) return WithErrorClass(Annotate(graph.status(), "config"), ErrorClass::kPolicy);
  model->Require(WeightsOf(*graph));
  return model;
}

std::vector<ExpectedTensor> WeightsOf(const Graph& graph) {
  std::vector<ExpectedTensor> tensors;
  for (const Node& node : graph.nodes()) {
    if (node.op == OpKind::kWeight) tensors.push_back({node.name, node.shape});
  }
  return tensors;
}

InputSpec IdsInput(std::string name, uint64_t sequences, uint64_t positions, uint64_t vocabulary) {
  return {std::move(name), ElementType::kI32, {sequences, positions}, vocabulary};
}

}  // namespace plumb
