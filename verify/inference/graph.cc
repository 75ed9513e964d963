#include "plumb/inference/graph.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

uint64_t ResultBytes(const Node& node) { return *ElementCount(node.shape) * ElementBytes(node.type); }

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
  if (std::holds_alternative<std::monostate>(attributes)) attributes = DefaultAttributes(op);
  if (attributes.index() != DefaultAttributes(op).index()) {
    return Fail(name, fmt::format("{}: has another operator's attributes", OpName(op)));
  }
  std::vector<const Node*> operands;
  for (ValueId id : inputs) {
    if (id >= graph_.nodes_.size()) return Fail(name, "an operand is not a value of this graph");
    operands.push_back(&graph_.nodes_[id]);
  }
  absl::StatusOr<Shape> shape = InferShape(op, attributes, operands);
  if (!shape.ok()) return Fail(name, fmt::format("{}: {}", OpName(op), Message(shape.status())));
  absl::StatusOr<ElementType> type = InferType(op, attributes, operands);
  if (!type.ok()) return Fail(name, fmt::format("{}: {}", OpName(op), Message(type.status())));
  ValueId id = Leaf(op, std::move(name), *type, *std::move(shape));
  if (!status_.ok()) return 0;
  graph_.nodes_[id].inputs = std::move(inputs);
  graph_.nodes_[id].attributes = std::move(attributes);
  return id;
}

ValueId GraphBuilder::Constant(std::string name, TensorValue value) {
  return Constant(std::move(name), ConstantAttributes{std::make_shared<const TensorValue>(std::move(value))});
}

ValueId GraphBuilder::Constant(std::string name, const ConstantAttributes& constant) {
  ValueId id = Leaf(OpKind::kConstant, name, constant.value->type, constant.value->shape);
  if (!status_.ok()) return 0;
  if (constant.value->bytes.size() != ResultBytes(graph_.nodes_[id])) {
    return Fail(name, "a constant's bytes do not fit its shape");
  }
  graph_.nodes_[id].attributes = constant;
  return id;
}

ValueId GraphBuilder::Constant(std::string name, float value) {
  return Constant(std::move(name), TensorValue::Of<float>({}, std::span(&value, 1)));
}

ValueId GraphBuilder::Gather(std::string name, ValueId table, ValueId ids, GatherAttributes attributes) {
  return Append(OpKind::kGather, std::move(name), {table, ids}, attributes);
}

ValueId GraphBuilder::Unary(std::string name, UnaryFunction function, ValueId x, double alpha, double beta) {
  return Append(OpKind::kUnary, std::move(name), {x}, UnaryAttributes{function, alpha, beta});
}

ValueId GraphBuilder::Where(std::string name, ValueId condition, ValueId x, ValueId y) {
  return Append(OpKind::kWhere, std::move(name), {condition, x, y}, {});
}

ValueId GraphBuilder::Cast(std::string name, ElementType type, ValueId x) {
  return Append(OpKind::kCast, std::move(name), {x}, CastAttributes{type});
}

ValueId GraphBuilder::Reduce(std::string name, ReduceFunction function, ValueId x, std::vector<uint32_t> axes,
                             bool keep) {
  return Append(OpKind::kReduce, std::move(name), {x}, ReduceAttributes{function, std::move(axes), keep});
}

ValueId GraphBuilder::Concat(std::string name, uint32_t axis, std::vector<ValueId> parts) {
  return Append(OpKind::kConcat, std::move(name), std::move(parts), AxisAttributes{axis});
}

ValueId GraphBuilder::Expand(std::string name, ValueId x, Shape shape) {
  return Append(OpKind::kExpand, std::move(name), {x}, ReshapeAttributes{std::move(shape)});
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

ValueId GraphBuilder::LayerNorm(std::string name, ValueId x, ValueId gain, std::optional<ValueId> bias,
                                double epsilon) {
  std::vector<ValueId> inputs = {x, gain};
  if (bias) inputs.push_back(*bias);
  return Append(OpKind::kLayerNorm, std::move(name), std::move(inputs), LayerNormAttributes{epsilon});
}

ValueId GraphBuilder::RmsNorm(std::string name, ValueId x, ValueId gain, RmsNormAttributes attributes) {
  return Append(OpKind::kRmsNorm, std::move(name), {x, gain}, attributes);
}

ValueId GraphBuilder::Rope(std::string name, ValueId x, RopeAttributes attributes) {
  return Append(OpKind::kRope, std::move(name), {x}, std::move(attributes));
}

ValueId GraphBuilder::Softmax(std::string name, ValueId x) {
  return Append(OpKind::kSoftmax, std::move(name), {x}, {});
}

ValueId GraphBuilder::CausalMask(std::string name, ValueId x, uint64_t window) {
  return Append(OpKind::kCausalMask, std::move(name), {x}, CausalMaskAttributes{window});
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

ValueId GraphBuilder::Slice(std::string name, ValueId x, uint32_t axis, uint64_t begin, uint64_t end) {
  // Past 2^63 the end is far outside any dimension, and so is what it wraps to.
  return Slice(std::move(name), x, SliceAttributes{axis, static_cast<int64_t>(begin), static_cast<int64_t>(end), 1});
}

ValueId GraphBuilder::Attention(std::string name, ValueId q, ValueId k, ValueId v, AttentionAttributes attributes,
                                std::optional<ValueId> mask) {
  std::vector<ValueId> inputs = {q, k, v};
  if (mask) inputs.push_back(*mask);
  return Append(OpKind::kAttention, std::move(name), std::move(inputs), attributes);
}

const Shape& GraphBuilder::ShapeOf(ValueId id) const {
  static const Shape kNone;
  return status_.ok() && id < graph_.nodes_.size() ? graph_.nodes_[id].shape : kNone;
}

ElementType GraphBuilder::TypeOf(ValueId id) const {
  return status_.ok() && id < graph_.nodes_.size() ? graph_.nodes_[id].type : ElementType::kF32;
}

absl::StatusOr<Graph> GraphBuilder::Build(ValueId output) { return Build(std::vector<ValueId>{output}); }

absl::StatusOr<Graph> GraphBuilder::Build(std::vector<ValueId> outputs) {
  PLUMB_RETURN_IF_ERROR(status_);
  if (outputs.empty()) return InvalidArgument("the graph has no output");
  for (ValueId output : outputs) {
    if (output >= graph_.nodes_.size()) return InvalidArgument("the graph's output is not one of its values");
  }
  graph_.outputs_ = std::move(outputs);
  return std::move(graph_);
}

}  // namespace plumb
