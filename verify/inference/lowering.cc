#include <cmath>
#include <numeric>
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

// Queries of the heads that share keys lie one after another: [B, G, H / G * T, d] times [B, G, S, d] needs no copies
// of the keys.
ValueId LowerAttention(GraphBuilder& builder, const Node& node, const std::vector<ValueId>& operands) {
  const auto& attributes = std::get<AttentionAttributes>(node.attributes);
  const uint64_t heads = attributes.heads;
  const uint64_t groups = attributes.kv_heads == 0 ? heads : attributes.kv_heads;
  ValueId q = SplitHeads(builder, node.name + ".q", operands[0], heads);
  ValueId k = SplitHeads(builder, node.name + ".k", operands[1], groups);
  ValueId v = SplitHeads(builder, node.name + ".v", operands[2], groups);
  const Shape q_shape = builder.ShapeOf(q);
  const Shape v_shape = builder.ShapeOf(v);
  if (q_shape.size() != 4 || v_shape.size() != 4) return 0;  // After an error.
  const uint64_t batch = q_shape[0];
  const uint64_t queries = q_shape[2];
  const uint64_t keys = v_shape[2];
  const bool shared = groups != heads;
  if (shared) q = builder.Reshape(node.name + ".q.grouped", q, {batch, groups, heads / groups * queries, q_shape[3]});
  ValueId scores = builder.MatMul(node.name + ".scores", q, k, std::nullopt, {.transpose_b = true});
  if (shared) scores = builder.Reshape(node.name + ".scores.heads", scores, {batch, heads, queries, keys});
  scores = builder.Scale(node.name + ".scale", attributes.scale, scores);
  if (attributes.soft_cap != 0) {
    scores = builder.Scale(node.name + ".cap.in", 1 / attributes.soft_cap, scores);
    scores = builder.Unary(node.name + ".cap", UnaryFunction::kTanh, scores);
    scores = builder.Scale(node.name + ".cap.out", attributes.soft_cap, scores);
  }
  if (operands.size() > 3) {
    scores = builder.Binary(node.name + ".mask.add", BinaryFunction::kAdd, scores, operands[3]);
  }
  if (attributes.causal) scores = builder.CausalMask(node.name + ".mask", scores, attributes.window);
  ValueId shares = builder.Softmax(node.name + ".softmax", scores);
  if (shared) {
    shares = builder.Reshape(node.name + ".shares.grouped", shares, {batch, groups, heads / groups * queries, keys});
  }
  ValueId mixed = builder.MatMul(node.name + ".mix", shares, v);
  if (shared) mixed = builder.Reshape(node.name + ".mix.heads", mixed, {batch, heads, queries, v_shape[3]});
  mixed = builder.Transpose(node.name + ".join", mixed, {0, 2, 1, 3});
  return builder.Reshape(node.name, mixed, node.shape);
}

ValueId LowerRmsNorm(GraphBuilder& builder, const Node& node, const std::vector<ValueId>& operands) {
  const auto& attributes = std::get<RmsNormAttributes>(node.attributes);
  const auto last = static_cast<uint32_t>(node.shape.size() - 1);
  ValueId square = builder.Binary(node.name + ".square", BinaryFunction::kMul, operands[0], operands[0]);
  ValueId mean = builder.Reduce(node.name + ".mean", ReduceFunction::kMean, square, {last}, true);
  ValueId epsilon = builder.Constant(node.name + ".epsilon", static_cast<float>(attributes.epsilon));
  mean = builder.Binary(node.name + ".variance", BinaryFunction::kAdd, mean, epsilon);
  ValueId factor = builder.Unary(node.name + ".factor", UnaryFunction::kRsqrt, mean);
  ValueId normed = builder.Binary(node.name + ".normed", BinaryFunction::kMul, operands[0], factor);
  ValueId gain = operands[1];
  if (attributes.gain_offset != 0) {
    ValueId offset = builder.Constant(node.name + ".offset", static_cast<float>(attributes.gain_offset));
    gain = builder.Binary(node.name + ".gain", BinaryFunction::kAdd, gain, offset);
  }
  return builder.Binary(node.name, BinaryFunction::kMul, normed, gain);
}

// Cosine (or sine) of every position's and pair's angle, times the magnitude; [T, 1, pairs] for [B, T, H, pairs], with
// a last dimension of 1 for interleaved pairs.
TensorValue AngleTable(const RopeAttributes& attributes, uint64_t positions, double (*function)(double)) {
  std::vector<float> table;
  for (uint64_t t = 0; t < positions; ++t) {
    for (float frequency : attributes.frequencies) {
      const float angle = static_cast<float>(attributes.first_position + t) * frequency;
      table.push_back(static_cast<float>(function(angle) * attributes.magnitude));
    }
  }
  Shape shape = {positions, 1, attributes.frequencies.size()};
  if (attributes.style == RopeStyle::kInterleaved) shape.push_back(1);
  return TensorValue::Of<float>(std::move(shape), table);
}

// (a, b) -> (a cos - b sin, b cos + a sin), where a and b are the halves, or the even and odd places, of the rotated
// dimensions; the others pass.
ValueId LowerRope(GraphBuilder& builder, const Node& node, const std::vector<ValueId>& operands) {
  const auto& attributes = std::get<RopeAttributes>(node.attributes);
  const std::string& name = node.name;
  const uint64_t pairs = attributes.frequencies.size();
  const uint64_t heads = node.shape[2] / attributes.head_size;
  const bool halves = attributes.style == RopeStyle::kHalves;
  ValueId x =
      builder.Reshape(name + ".heads", operands[0], {node.shape[0], node.shape[1], heads, attributes.head_size});
  ValueId turned = x;
  if (2 * pairs < attributes.head_size) {
    turned = builder.Slice(name + ".turned", x, 3, 0, 2 * pairs);
  }
  if (!halves) turned = builder.Reshape(name + ".pairs", turned, {node.shape[0], node.shape[1], heads, pairs, 2});
  const uint32_t axis = halves ? 3 : 4;
  const uint64_t cut = halves ? pairs : 1;
  ValueId a = builder.Slice(name + ".a", turned, axis, 0, cut);
  ValueId b = builder.Slice(name + ".b", turned, axis, cut, 2 * cut);
  ValueId cosine = builder.Constant(name + ".cos", AngleTable(attributes, node.shape[1], std::cos));
  ValueId sine = builder.Constant(name + ".sin", AngleTable(attributes, node.shape[1], std::sin));
  auto product = [&](const std::string& part, ValueId left, ValueId right) {
    return builder.Binary(name + part, BinaryFunction::kMul, left, right);
  };
  ValueId first =
      builder.Binary(name + ".first", BinaryFunction::kSub, product(".a.cos", a, cosine), product(".b.sin", b, sine));
  ValueId second =
      builder.Binary(name + ".second", BinaryFunction::kAdd, product(".b.cos", b, cosine), product(".a.sin", a, sine));
  ValueId joined = builder.Concat(name + ".joined", axis, {first, second});
  if (!halves) joined = builder.Reshape(name + ".unpaired", joined, {node.shape[0], node.shape[1], heads, 2 * pairs});
  if (2 * pairs < attributes.head_size) {
    ValueId rest = builder.Slice(name + ".rest", x, 3, 2 * pairs, attributes.head_size);
    joined = builder.Concat(name + ".whole", 3, {joined, rest});
  }
  return builder.Reshape(name, joined, node.shape);
}

ValueId Lower(GraphBuilder& builder, const Node& node, const std::vector<ValueId>& operands) {
  switch (node.op) {
    case OpKind::kRmsNorm:
      return LowerRmsNorm(builder, node, operands);
    case OpKind::kRope:
      return LowerRope(builder, node, operands);
    default:
      return LowerAttention(builder, node, operands);
  }
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
    } else if (node.op == OpKind::kConstant) {
      id = builder.Constant(node.name, std::get<ConstantAttributes>(node.attributes));
    } else if (IsComposite(node.op) && !(keep && keep(node))) {
      id = Lower(builder, node, operands);
    } else {
      id = builder.Append(node.op, node.name, std::move(operands), node.attributes);
    }
    renamed.push_back(id);
  }
  std::vector<ValueId> outputs;
  for (ValueId id : graph.outputs()) outputs.push_back(renamed[id]);
  return builder.Build(std::move(outputs));
}

}  // namespace plumb
