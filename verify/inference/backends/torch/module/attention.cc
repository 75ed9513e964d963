#include "verify/inference/backends/torch/module/operators.h"

namespace plumb::torch_module {
namespace {

// [B, T, H * d] -> [B, T, H, d].
at::Tensor Heads(const at::Tensor& x, int64_t heads) {
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads});
}

// Pairs of a head's first dimensions turned by their positions' angles.
at::Tensor Rope(const RopeAttributes& attributes, const at::Tensor& x) {
  const auto pairs = static_cast<int64_t>(attributes.frequencies.size());
  const auto first = static_cast<int64_t>(attributes.first_position);
  const at::Tensor frequencies = at::tensor(c10::ArrayRef<float>(attributes.frequencies));
  const at::Tensor positions = at::arange(first, first + x.size(1), at::kFloat);
  // [T, 1, pairs]; the angle is rounded to float32 before its cosine is taken in double.
  const at::Tensor angles = at::outer(positions, frequencies).to(at::kDouble).unsqueeze(1);
  const at::Tensor cosine = (at::cos(angles) * attributes.magnitude).to(x.scalar_type());
  const at::Tensor sine = (at::sin(angles) * attributes.magnitude).to(x.scalar_type());
  const auto head_size = static_cast<int64_t>(attributes.head_size);
  const at::Tensor heads = Heads(x, x.size(2) / head_size);
  const at::Tensor turned = at::slice(heads, 3, 0, 2 * pairs);
  const bool halves = attributes.style == RopeStyle::kHalves;
  const at::Tensor a = halves ? at::slice(turned, 3, 0, pairs) : at::slice(turned, 3, 0, 2 * pairs, 2);
  const at::Tensor b = halves ? at::slice(turned, 3, pairs, 2 * pairs) : at::slice(turned, 3, 1, 2 * pairs, 2);
  at::Tensor result = heads.clone();
  at::Tensor result_a = halves ? at::slice(result, 3, 0, pairs) : at::slice(result, 3, 0, 2 * pairs, 2);
  at::Tensor result_b = halves ? at::slice(result, 3, pairs, 2 * pairs) : at::slice(result, 3, 1, 2 * pairs, 2);
  result_a.copy_(a * cosine - b * sine);
  result_b.copy_(b * cosine + a * sine);
  return result.reshape(x.sizes());
}

at::Tensor Attend(const AttentionAttributes& attributes, const Tensors& x) {
  const auto heads = static_cast<int64_t>(attributes.heads);
  const int64_t groups = attributes.kv_heads == 0 ? heads : static_cast<int64_t>(attributes.kv_heads);
  const at::Tensor q = Heads(x[0], heads).transpose(1, 2);
  const at::Tensor k = Heads(x[1], groups).transpose(1, 2).repeat_interleave(heads / groups, 1);
  const at::Tensor v = Heads(x[2], groups).transpose(1, 2).repeat_interleave(heads / groups, 1);
  at::Tensor scores = at::matmul(q, k.transpose(-1, -2)) * attributes.scale;
  if (attributes.soft_cap != 0) scores = at::tanh(scores / attributes.soft_cap) * attributes.soft_cap;
  if (x.size() > 3) scores = scores + x[3];
  if (attributes.causal) scores = MaskCausally(scores, {.window = attributes.window});
  const at::Tensor mixed = at::matmul(SoftmaxOfRows(scores), v).transpose(1, 2);
  return mixed.reshape({mixed.size(0), mixed.size(1), heads * v.size(3)});
}

}  // namespace

bool SupportsAttention(const Node& node, OperandNodes operands) {
  if (node.op != OpKind::kRope && node.op != OpKind::kAttention) return false;
  for (const Node* operand : operands) {
    if (operand->type != ElementType::kF32) return false;
  }
  return true;
}

at::Tensor Attention(const Node& node, const Tensors& x) {
  if (node.op == OpKind::kRope) return Rope(std::get<RopeAttributes>(node.attributes), x[0]);
  return Attend(std::get<AttentionAttributes>(node.attributes), x);
}

}  // namespace plumb::torch_module
