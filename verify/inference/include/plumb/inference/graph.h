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

// Product of the dimensions, or nullopt when it exceeds limits::kTensorElementsMax.
std::optional<uint64_t> ElementCount(const Shape& shape);
// `[2, 128, 256]`.
std::string ShapeText(const Shape& shape);

// A checked graph: each node's operands stand before it, shapes and types agree. Immutable, thread-safe.
class Graph {
 public:
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(ValueId id) const { return nodes_[id]; }
  // The value that running the graph returns.
  ValueId output() const { return output_; }
  // Operands of a node.
  std::vector<const Node*> Operands(const Node& node) const;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  ValueId output_ = 0;
};

// Makes a graph node by node. The first error is kept, names the node, and comes back from Build; what is added
// after it is ignored, so that calls can be chained without checking each. Not thread-safe.
class GraphBuilder {
 public:
  ValueId Input(std::string name, ElementType type, Shape shape);
  // A second call with the same name returns the same value; its shape must be the same.
  ValueId Weight(std::string name, Shape shape);
  ValueId Gather(std::string name, ValueId table, ValueId ids);
  ValueId Unary(std::string name, UnaryFunction function, ValueId x);
  ValueId Binary(std::string name, BinaryFunction function, ValueId a, ValueId b);
  ValueId Scale(std::string name, double factor, ValueId x);
  ValueId MatMul(std::string name, ValueId a, ValueId b, std::optional<ValueId> bias = std::nullopt,
                 MatMulAttributes attributes = {});
  ValueId LayerNorm(std::string name, ValueId x, ValueId gain, ValueId bias, double epsilon);
  ValueId Softmax(std::string name, ValueId x);
  ValueId CausalMask(std::string name, ValueId x);
  ValueId Reshape(std::string name, ValueId x, Shape shape);
  ValueId Transpose(std::string name, ValueId x, std::vector<uint32_t> permutation);
  ValueId Slice(std::string name, ValueId x, SliceAttributes range);
  ValueId Attention(std::string name, ValueId q, ValueId k, ValueId v, AttentionAttributes attributes);
  // Any operator with operands, by its parts; the calls above end here.
  ValueId Append(OpKind op, std::string name, std::vector<ValueId> inputs, Attributes attributes);

  // The shape of a value added before; empty after an error.
  const Shape& ShapeOf(ValueId id) const;
  // The finished graph, or the first error (INVALID_ARGUMENT). The builder is spent.
  absl::StatusOr<Graph> Build(ValueId output);

 private:
  ValueId Fail(std::string_view name, std::string_view why);
  ValueId Leaf(OpKind op, std::string name, ElementType type, Shape shape);

  Graph graph_;
  std::map<std::string, ValueId> weights_;
  absl::Status status_;
};

// The shape of an operator's result. INVALID_ARGUMENT says which operand does not fit and why.
absl::StatusOr<Shape> InferShape(OpKind op, const Attributes& attributes, std::span<const Node* const> operands);

// The same function with every composite operator replaced by primitive ones, but for nodes of `graph` that `keep`
// claims. The lowering is the composite's definition.
absl::StatusOr<Graph> LowerComposites(const Graph& graph, const std::function<bool(const Node&)>& keep = nullptr);

// Arithmetic of a node in floating-point operations: 2 M N K for a product, a few per element for the rest, one per
// element moved. What coverage is weighed by. Leaves and reshapes cost nothing.
double NodeCost(const Graph& graph, const Node& node);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_GRAPH_H_
