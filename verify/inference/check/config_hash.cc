#include "verify/inference/check/config_hash.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "plumb/base/status.h"
#include "verify/inference/check/feeder.h"

namespace plumb {
namespace {

constexpr char kPrefix[] = "plumb-graph-1:";
constexpr uint64_t kPositions = 8;

// One overload for each kind of attributes; a new member must be added here.
struct AttributeFeeder {
  Feeder& out;

  template <typename... Fields>
  void All(const Fields&... fields) const {
    (out.Add(fields), ...);
  }
  void operator()(const std::monostate&) const {}
  void operator()(const UnaryAttributes& a) const { All(a.function, a.alpha, a.beta); }
  void operator()(const BinaryAttributes& a) const { All(a.function); }
  void operator()(const ConstantAttributes& a) const { out.AddBytes(a.value->bytes); }
  void operator()(const CastAttributes& a) const { All(a.type); }
  void operator()(const ScaleAttributes& a) const { All(a.factor); }
  void operator()(const MatMulAttributes& a) const { All(a.transpose_a, a.transpose_b); }
  void operator()(const LayerNormAttributes& a) const { All(a.epsilon); }
  void operator()(const RmsNormAttributes& a) const { All(a.epsilon, a.gain_offset); }
  void operator()(const TransposeAttributes& a) const { All(a.permutation); }
  void operator()(const ReshapeAttributes& a) const { All(a.shape); }
  void operator()(const SliceAttributes& a) const { All(a.axis, a.begin, a.end, a.step); }
  void operator()(const AxisAttributes& a) const { All(a.axis); }
  void operator()(const GatherAttributes& a) const { All(a.axis, a.wrap); }
  void operator()(const GatherNdAttributes& a) const { All(a.batch_dimensions); }
  void operator()(const ScatterAttributes& a) const { All(a.axis, a.reduction); }
  void operator()(const PadAttributes& a) const { All(a.before, a.after, a.mode); }
  void operator()(const ReduceAttributes& a) const { All(a.function, a.axes, a.keep); }
  void operator()(const ArgReduceAttributes& a) const { All(a.axis, a.smallest, a.last, a.keep); }
  void operator()(const CumSumAttributes& a) const { All(a.axis, a.exclusive, a.reverse); }
  void operator()(const TopKAttributes& a) const { All(a.axis, a.k, a.smallest, a.places); }
  void operator()(const WindowAttributes& a) const {
    All(a.kernel, a.strides, a.dilations, a.pads_before, a.pads_after, a.output_padding, a.groups);
  }
  void operator()(const PoolAttributes& a) const {
    (*this)(a.window);
    All(a.kind, a.count_padding, a.round_up, a.places);
  }
  void operator()(const ResizeAttributes& a) const {
    All(a.shape, a.scales, a.kind, a.coordinates, a.rounding, a.cubic, a.exclude_outside, a.extrapolation, a.region);
  }
  void operator()(const CausalMaskAttributes& a) const { All(a.window); }
  void operator()(const RopeAttributes& a) const {
    All(a.head_size, a.frequencies, a.magnitude, a.first_position, a.style);
  }
  void operator()(const AttentionAttributes& a) const {
    // 0 means as many as heads, and is the same model.
    All(a.heads, a.kv_heads == 0 ? a.heads : a.kv_heads, a.scale, a.causal, a.window, a.soft_cap);
  }
};

}  // namespace

std::string GraphHash(const Graph& graph) {
  std::vector<Digest> digests;
  digests.reserve(graph.nodes().size());
  for (const Node& node : graph.nodes()) {
    Feeder feeder;
    feeder.Add(OpName(node.op));
    feeder.Add(node.type);
    feeder.Add(node.shape);
    if (node.op == OpKind::kInput || node.op == OpKind::kWeight) feeder.Add(std::string_view(node.name));
    feeder.Add(node.attributes.index());
    std::visit(AttributeFeeder{feeder}, node.attributes);
    feeder.Add(node.inputs.size());
    for (ValueId id : node.inputs) feeder.Add(digests[id]);
    digests.push_back(feeder.Finish());
  }
  Feeder feeder;
  feeder.Add(graph.outputs().size());
  for (ValueId id : graph.outputs()) feeder.Add(digests[id]);
  return kPrefix + feeder.Finish().ToString();
}

absl::StatusOr<std::string> ConfigHash(const Model& model) {
  PLUMB_ASSIGN_OR_RETURN(Graph graph, model.BuildGraph(1, std::clamp<uint64_t>(model.positions_max(), 1, kPositions)));
  return GraphHash(graph);
}

}  // namespace plumb
