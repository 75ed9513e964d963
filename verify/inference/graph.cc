#include "plumb/inference/graph.h"

#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

std::optional<uint64_t> ElementCount(const Shape& shape) {
  uint64_t count = 1;
  for (uint64_t size : shape) {
    if (size == 0) return 0;
    if (count > limits::kTensorElementsMax / size) return std::nullopt;
    count *= size;
  }
  return count;
}

std::string ShapeText(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::vector<const Node*> Graph::Operands(const Node& node) const {
  std::vector<const Node*> operands;
  for (ValueId id : node.inputs) operands.push_back(&nodes_[id]);
  return operands;
}

ValueId GraphBuilder::Fail(std::string_view name, std::string_view why) {
  if (status_.ok()) status_ = InvalidArgument(fmt::format("node \"{}\": {}", name, why));
  return 0;
}

ValueId GraphBuilder::Leaf(OpKind op, std::string name, ElementType type, Shape shape) {
  if (!status_.ok()) return 0;
  if (!ElementCount(shape)) {
    return Fail(name, fmt::format("shape {} has more than {} elements", ShapeText(shape), limits::kTensorElementsMax));
  }
  if (graph_.nodes_.size() >= limits::kGraphNodesMax) {
    return Fail(name, fmt::format("the graph has more than {} nodes", limits::kGraphNodesMax));
  }
  graph_.nodes_.push_back({op, std::move(name), {}, {}, std::move(shape), type});
  return static_cast<ValueId>(graph_.nodes_.size() - 1);
}

ValueId GraphBuilder::Input(std::string name, ElementType type, Shape shape) {
  return Leaf(OpKind::kInput, std::move(name), type, std::move(shape));
}

ValueId GraphBuilder::Weight(std::string name, Shape shape) {
  if (!status_.ok()) return 0;
  if (auto known = weights_.find(name); known != weights_.end()) {
    if (graph_.node(known->second).shape == shape) return known->second;
    return Fail(name,
                fmt::format("is used as {} and as {}", ShapeText(graph_.node(known->second).shape), ShapeText(shape)));
  }
  ValueId id = Leaf(OpKind::kWeight, name, ElementType::kF32, std::move(shape));
  if (status_.ok()) weights_.emplace(std::move(name), id);
  return id;
}

ValueId GraphBuilder::Append(OpKind op, std::string name, std::vector<ValueId> inputs, Attributes attributes) {
  if (!status_.ok()) return 0;
  std::vector<const Node*> operands;
  for (ValueId id : inputs) {
    if (id >= graph_.nodes_.size()) return Fail(name, "an operand is not a value of this graph");
    operands.push_back(&graph_.nodes_[id]);
  }
  absl::StatusOr<Shape> shape = InferShape(op, attributes, operands);
  if (!shape.ok()) return Fail(name, fmt::format("{}: {}", OpName(op), Message(shape.status())));
  ValueId id = Leaf(op, std::move(name), ElementType::kF32, *std::move(shape));
  if (!status_.ok()) return 0;
  graph_.nodes_[id].inputs = std::move(inputs);
  graph_.nodes_[id].attributes = std::move(attributes);
  return id;
}

ValueId GraphBuilder::Gather(std::string name, ValueId table, ValueId ids) {
  return Append(OpKind::kGather, std::move(name), {table, ids}, {});
}

ValueId GraphBuilder::Unary(std::string name, UnaryFunction function, ValueId x) {
  return Append(OpKind::kUnary, std::move(name), {x}, UnaryAttributes{function});
}

ValueId GraphBuilder::Binary(std::string name, BinaryFunction function, ValueId a, ValueId b) {
  return Append(OpKind::kBinary, std::move(name), {a, b}, BinaryAttributes{function});
}

ValueId GraphBuilder::Scale(std::string name, double factor, ValueId x) {
  return Append(OpKind::kScale, std::move(name), {x}, ScaleAttributes{factor});
}

ValueId GraphBuilder::MatMul(std::string name, ValueId a, ValueId b, std::optional<ValueId> bias,
                             MatMulAttributes attributes) {
  std::vector<ValueId> inputs = {a, b};
  if (bias) inputs.push_back(*bias);
  return Append(OpKind::kMatMul, std::move(name), std::move(inputs), attributes);
}

ValueId GraphBuilder::LayerNorm(std::string name, ValueId x, ValueId gain, ValueId bias, double epsilon) {
  return Append(OpKind::kLayerNorm, std::move(name), {x, gain, bias}, LayerNormAttributes{epsilon});
}

ValueId GraphBuilder::Softmax(std::string name, ValueId x) {
  return Append(OpKind::kSoftmax, std::move(name), {x}, {});
}

ValueId GraphBuilder::CausalMask(std::string name, ValueId x) {
  return Append(OpKind::kCausalMask, std::move(name), {x}, {});
}

ValueId GraphBuilder::Reshape(std::string name, ValueId x, Shape shape) {
  return Append(OpKind::kReshape, std::move(name), {x}, ReshapeAttributes{std::move(shape)});
}

ValueId GraphBuilder::Transpose(std::string name, ValueId x, std::vector<uint32_t> permutation) {
  return Append(OpKind::kTranspose, std::move(name), {x}, TransposeAttributes{std::move(permutation)});
}

ValueId GraphBuilder::Slice(std::string name, ValueId x, SliceAttributes range) {
  return Append(OpKind::kSlice, std::move(name), {x}, range);
}

ValueId GraphBuilder::Attention(std::string name, ValueId q, ValueId k, ValueId v, AttentionAttributes attributes) {
  return Append(OpKind::kAttention, std::move(name), {q, k, v}, attributes);
}

const Shape& GraphBuilder::ShapeOf(ValueId id) const {
  static const Shape kNone;
  return status_.ok() && id < graph_.nodes_.size() ? graph_.nodes_[id].shape : kNone;
}

absl::StatusOr<Graph> GraphBuilder::Build(ValueId output) {
  PLUMB_RETURN_IF_ERROR(status_);
  if (output >= graph_.nodes_.size()) return InvalidArgument("the graph's output is not one of its values");
  graph_.output_ = output;
  return std::move(graph_);
}

}  // namespace plumb
