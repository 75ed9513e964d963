#include <variant>

#include "plumb/inference/graph.h"

namespace plumb {
namespace {

// Splits [B, T, H * d] into heads, [B, H, T, d].
ValueId SplitHeads(GraphBuilder& builder, const std::string& name, ValueId x, uint64_t heads) {
  const Shape shape = builder.ShapeOf(x);
  if (shape.size() != 3) return x;
  ValueId parted = builder.Reshape(name + ".part", x, {shape[0], shape[1], heads, shape[2] / heads});
  return builder.Transpose(name + ".heads", parted, {0, 2, 1, 3});
}

ValueId LowerAttention(GraphBuilder& builder, const Node& node, const std::vector<ValueId>& operands) {
  const auto& attributes = std::get<AttentionAttributes>(node.attributes);
  ValueId q = SplitHeads(builder, node.name + ".q", operands[0], attributes.heads);
  ValueId k = SplitHeads(builder, node.name + ".k", operands[1], attributes.heads);
  ValueId v = SplitHeads(builder, node.name + ".v", operands[2], attributes.heads);
  ValueId scores = builder.MatMul(node.name + ".scores", q, k, std::nullopt, {.transpose_b = true});
  scores = builder.Scale(node.name + ".scale", attributes.scale, scores);
  if (attributes.causal) scores = builder.CausalMask(node.name + ".mask", scores);
  ValueId shares = builder.Softmax(node.name + ".softmax", scores);
  ValueId mixed = builder.MatMul(node.name + ".mix", shares, v);
  mixed = builder.Transpose(node.name + ".join", mixed, {0, 2, 1, 3});
  return builder.Reshape(node.name, mixed, node.shape);
}

double Elements(const Shape& shape) {
  double count = 1;
  for (uint64_t size : shape) count *= static_cast<double>(size);
  return count;
}

}  // namespace

absl::StatusOr<Graph> LowerComposites(const Graph& graph, const std::function<bool(const Node&)>& keep) {
  GraphBuilder builder;
  std::vector<ValueId> renamed;
  for (const Node& node : graph.nodes()) {
    std::vector<ValueId> operands;
    for (ValueId id : node.inputs) operands.push_back(renamed[id]);
    ValueId id = 0;
    if (node.op == OpKind::kInput) {
      id = builder.Input(node.name, node.type, node.shape);
    } else if (node.op == OpKind::kWeight) {
      id = builder.Weight(node.name, node.shape);
    } else if (node.op == OpKind::kAttention && !(keep && keep(node))) {
      id = LowerAttention(builder, node, operands);
    } else {
      id = builder.Append(node.op, node.name, std::move(operands), node.attributes);
    }
    renamed.push_back(id);
  }
  return builder.Build(renamed[graph.output()]);
}

double NodeCost(const Graph& graph, const Node& node) {
  const double out = Elements(node.shape);
  switch (node.op) {
    case OpKind::kInput:
    case OpKind::kWeight:
    case OpKind::kReshape:
      return 0;
    case OpKind::kMatMul: {
      const Shape& a = graph.node(node.inputs[0]).shape;
      bool transposed = std::get<MatMulAttributes>(node.attributes).transpose_a;
      return 2 * out * static_cast<double>(a[a.size() - (transposed ? 2 : 1)]);
    }
    case OpKind::kAttention: {
      const double positions = static_cast<double>(node.shape[1]);
      return out * positions * 4;
    }
    case OpKind::kUnary:
    case OpKind::kLayerNorm:
      return 8 * out;
    case OpKind::kSoftmax:
      return 5 * out;
    case OpKind::kGather:
    case OpKind::kBinary:
    case OpKind::kScale:
    case OpKind::kCausalMask:
    case OpKind::kTranspose:
    case OpKind::kSlice:
      return out;
  }
  return 0;
}

}  // namespace plumb
