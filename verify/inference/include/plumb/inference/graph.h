// A model as a graph of tensor operators with static shapes.
//
// Building a graph allocates no weights: they are named, with the shape they must have.
#ifndef PLUMB_INFERENCE_GRAPH_H_
#define PLUMB_INFERENCE_GRAPH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/inference/op.h"

namespace plumb {

// Index of the node that makes a value; every node makes one.
using ValueId = uint32_t;

// One operator of a graph.
struct Node {
  OpKind op = OpKind::kInput;
  std::string name;  // A weight's or input's name; otherwise what messages call the node.
  std::vector<ValueId> inputs;
  Attributes attributes;
  Shape shape;  // Of the result.
  ElementType type = ElementType::kF32;
};

// Bytes of a node's result.
uint64_t ResultBytes(const Node& node);

// A checked graph: each node's operands stand before it, shapes and types agree. Immutable, thread-safe.
class Graph {
 public:
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(ValueId id) const { return nodes_[id]; }
  // The values that running the graph returns; at least one.
  const std::vector<ValueId>& outputs() const { return outputs_; }
  // The first of them.
  ValueId output() const { return outputs_.front(); }
  // Operands of a node.
  std::vector<const Node*> Operands(const Node& node) const;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  std::vector<ValueId> outputs_;
};

// Makes a graph node by node. The first error is kept, names the node, and comes back from Build; what is added
// after it is ignored, so that calls can be chained without checking each. Not thread-safe.
class GraphBuilder {
 public:
  ValueId Input(std::string name, ElementType type, Shape shape);
  // A second call with the same name returns the same value; its shape must be the same.
  ValueId Weight(std::string name, Shape shape);
  ValueId Constant(std::string name, TensorValue value);
  // The same value again, shared and not copied.
  ValueId Constant(std::string name, const ConstantAttributes& constant);
  // A float32 scalar.
  ValueId Constant(std::string name, float value);
  ValueId Gather(std::string name, ValueId table, ValueId ids, GatherAttributes attributes = {});
  ValueId Unary(std::string name, UnaryFunction function, ValueId x, double alpha = 0, double beta = 0);
  ValueId Binary(std::string name, BinaryFunction function, ValueId a, ValueId b);
  ValueId Where(std::string name, ValueId condition, ValueId x, ValueId y);
  ValueId Cast(std::string name, ElementType type, ValueId x);
  ValueId Scale(std::string name, double factor, ValueId x);
  ValueId Reduce(std::string name, ReduceFunction function, ValueId x, std::vector<uint32_t> axes, bool keep);
  ValueId Concat(std::string name, uint32_t axis, std::vector<ValueId> parts);
  ValueId Expand(std::string name, ValueId x, Shape shape);
  ValueId MatMul(std::string name, ValueId a, ValueId b, std::optional<ValueId> bias = std::nullopt,
                 MatMulAttributes attributes = {});
  ValueId LayerNorm(std::string name, ValueId x, ValueId gain, std::optional<ValueId> bias, double epsilon);
  ValueId RmsNorm(std::string name, ValueId x, ValueId gain, RmsNormAttributes attributes);
  ValueId Rope(std::string name, ValueId x, RopeAttributes attributes);
  ValueId Softmax(std::string name, ValueId x);
  ValueId CausalMask(std::string name, ValueId x, uint64_t window = 0);
  ValueId Reshape(std::string name, ValueId x, Shape shape);
  ValueId Transpose(std::string name, ValueId x, std::vector<uint32_t> permutation);
  ValueId Slice(std::string name, ValueId x, SliceAttributes range);
  // Elements [begin, end) of one dimension.
  ValueId Slice(std::string name, ValueId x, uint32_t axis, uint64_t begin, uint64_t end);
  ValueId Attention(std::string name, ValueId q, ValueId k, ValueId v, AttentionAttributes attributes,
                    std::optional<ValueId> mask = std::nullopt);
  // Any operator with operands, by its parts; the calls above end here.
  ValueId Append(OpKind op, std::string name, std::vector<ValueId> inputs, Attributes attributes);

  // The shape of a value added before; empty after an error.
  const Shape& ShapeOf(ValueId id) const;
  // The element type of a value added before; kF32 after an error.
  ElementType TypeOf(ValueId id) const;
  // The first error, or OK.
  const absl::Status& status() const { return status_; }
  // The finished graph, or the first error (INVALID_ARGUMENT). The builder is spent.
  absl::StatusOr<Graph> Build(ValueId output);
  absl::StatusOr<Graph> Build(std::vector<ValueId> outputs);

 private:
  ValueId Fail(std::string_view name, std::string_view why);
  ValueId Leaf(OpKind op, std::string name, ElementType type, Shape shape);

  Graph graph_;
  std::map<std::string, ValueId> weights_;
  absl::Status status_;
};

// The shape of an operator's result. INVALID_ARGUMENT says which operand does not fit and why.
absl::StatusOr<Shape> InferShape(OpKind op, const Attributes& attributes, std::span<const Node* const> operands);

// The element type of an operator's result. INVALID_ARGUMENT when an operand's type does not fit.
absl::StatusOr<ElementType> InferType(OpKind op, const Attributes& attributes, std::span<const Node* const> operands);

// The same function with every composite operator replaced by primitive ones, but for nodes of `graph` that `keep`
// claims. The lowering is the composite's definition.
absl::StatusOr<Graph> LowerComposites(const Graph& graph, const std::function<bool(const Node&)>& keep = nullptr);

// Arithmetic of a node in floating-point operations: 2 M N K for a product, a few per element for the rest, one per
// element moved. What coverage is weighed by. Leaves and reshapes cost nothing.
double NodeCost(const Graph& graph, const Node& node);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_GRAPH_H_
