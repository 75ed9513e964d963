#include <limits>

#include "verify/inference/backends/torch/module/operators.h"

namespace plumb::torch_module {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

at::Tensor Reduce(const ReduceAttributes& attributes, const at::Tensor& x) {
  if (attributes.axes.empty()) return x;
  const std::vector<int64_t> axes(attributes.axes.begin(), attributes.axes.end());
  switch (attributes.function) {
    case ReduceFunction::kSum:
      return at::sum(x, axes, attributes.keep);
    case ReduceFunction::kMean:
      return at::mean(x, axes, attributes.keep);
    case ReduceFunction::kMax:
      return at::amax(x, axes, attributes.keep);
    case ReduceFunction::kMin:
      return at::amin(x, axes, attributes.keep);
    case ReduceFunction::kProd:
      break;
  }
  at::Tensor product = x;
  for (size_t i = axes.size(); i-- > 0;) product = at::prod(product, axes[i], attributes.keep);
  return product;
}

at::Tensor CumSum(const CumSumAttributes& attributes, at::Tensor x) {
  const int64_t axis = attributes.axis;
  const int64_t size = x.size(axis);
  if (attributes.reverse) x = at::flip(x, {axis});
  if (attributes.exclusive) {
    x = at::cat({at::zeros_like(at::slice(x, axis, 0, 1)), at::slice(x, axis, 0, size - 1)}, axis);
  }
  x = at::cumsum(x, axis);
  return attributes.reverse ? at::flip(x, {axis}) : x;
}

at::Tensor RmsNorm(const RmsNormAttributes& attributes, const at::Tensor& x, const at::Tensor& gain) {
  const at::Tensor square = at::mean(x * x, {-1}, /*keepdim=*/true);
  return x * at::rsqrt(square + attributes.epsilon) * (gain + attributes.gain_offset);
}

}  // namespace

at::Tensor SoftmaxOfRows(const at::Tensor& x) {
  const at::Tensor masked = at::isneginf(at::amax(x, {-1}, /*keepdim=*/true));
  return at::softmax(x, -1).masked_fill(masked, 0);
}

at::Tensor MaskCausally(const at::Tensor& x, const CausalMaskAttributes& attributes) {
  const int64_t queries = x.size(-2);
  const int64_t keys = x.size(-1);
  const at::Tensor own = at::arange(keys - queries, keys, at::kLong).unsqueeze(1);  // Each query's own key.
  const at::Tensor key = at::arange(keys, at::kLong).unsqueeze(0);
  at::Tensor hidden = key > own;
  if (attributes.window > 0) {
    hidden = at::logical_or(hidden, key <= own - static_cast<int64_t>(attributes.window));
  }
  return x.masked_fill(hidden, -kInfinity);
}

bool SupportsRows(const Node& node, OperandNodes operands) {
  switch (node.op) {
    case OpKind::kReduce:
    case OpKind::kCumSum:
    case OpKind::kSoftmax:
    case OpKind::kLayerNorm:
    case OpKind::kCausalMask:
    case OpKind::kRmsNorm:
      break;
    default:
      return false;
  }
  for (const Node* operand : operands) {
    if (operand->type != node.type) return false;
  }
  return (node.type == ElementType::kF32 || node.type == ElementType::kF64) && !operands[0]->shape.empty();
}

at::Tensor Rows(const Node& node, const Tensors& x) {
  switch (node.op) {
    case OpKind::kReduce:
      return Reduce(std::get<ReduceAttributes>(node.attributes), x[0]);
    case OpKind::kCumSum:
      return CumSum(std::get<CumSumAttributes>(node.attributes), x[0]);
    case OpKind::kSoftmax:
      return SoftmaxOfRows(x[0]);
    case OpKind::kLayerNorm:
      return at::layer_norm(x[0], {x[0].size(-1)}, x[1], x.size() > 2 ? x[2] : at::Tensor(),
                            std::get<LayerNormAttributes>(node.attributes).epsilon);
    case OpKind::kRmsNorm:
      return RmsNorm(std::get<RmsNormAttributes>(node.attributes), x[0], x[1]);
    default:
      return MaskCausally(x[0], std::get<CausalMaskAttributes>(node.attributes));
  }
}

}  // namespace plumb::torch_module
