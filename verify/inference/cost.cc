#include <variant>

#include "plumb/inference/graph.h"

namespace plumb {
namespace {

double Elements(const Shape& shape) {
  double count = 1;
  for (uint64_t size : shape) count *= static_cast<double>(size);
  return count;
}

double MatMulCost(const Graph& graph, const Node& node) {
  const Shape& a = graph.node(node.inputs[0]).shape;
  const bool transposed = std::get<MatMulAttributes>(node.attributes).transpose_a;
  return 2 * Elements(node.shape) * static_cast<double>(a[a.size() - (transposed ? 2 : 1)]);
}

// Every element of the result is a sum over one filter's elements.
double ConvCost(const Graph& graph, const Node& node) {
  const Shape& filters = graph.node(node.inputs[1]).shape;
  return 2 * Elements(node.shape) * Elements(filters) / static_cast<double>(filters[0]);
}

// Every element of the operand is multiplied by one filter's elements.
double ConvTransposeCost(const Graph& graph, const Node& node) {
  const Shape& filters = graph.node(node.inputs[1]).shape;
  return 2 * Elements(graph.node(node.inputs[0]).shape) * Elements(filters) / static_cast<double>(filters[0]);
}

double AttentionCost(const Graph& graph, const Node& node) {
  const Shape& q = graph.node(node.inputs[0]).shape;
  const double keys = static_cast<double>(graph.node(node.inputs[1]).shape[1]);
  return 2 * (Elements(q) + Elements(node.shape)) * keys;
}

double PoolCost(const Node& node) {
  return Elements(node.shape) * Elements(std::get<PoolAttributes>(node.attributes).window.kernel);
}

}  // namespace

double NodeCost(const Graph& graph, const Node& node) {
  const double out = Elements(node.shape);
  switch (node.op) {
    case OpKind::kInput:
    case OpKind::kWeight:
    case OpKind::kConstant:
    case OpKind::kReshape:
      return 0;
    case OpKind::kMatMul:
      return MatMulCost(graph, node);
    case OpKind::kConv:
      return ConvCost(graph, node);
    case OpKind::kConvTranspose:
      return ConvTransposeCost(graph, node);
    case OpKind::kAttention:
      return AttentionCost(graph, node);
    case OpKind::kPool:
      return PoolCost(node);
    case OpKind::kUnary:
    case OpKind::kLayerNorm:
    case OpKind::kRmsNorm:
    case OpKind::kRope:
    case OpKind::kResize:
      return 8 * out;
    case OpKind::kSoftmax:
      return 5 * out;
    case OpKind::kReduce:
    case OpKind::kArgReduce:
    case OpKind::kTopK:
      return Elements(graph.node(node.inputs[0]).shape);
    default:
      return out;
  }
}

}  // namespace plumb
