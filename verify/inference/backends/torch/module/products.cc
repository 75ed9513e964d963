#include <algorithm>

#include "verify/inference/backends/torch/module/operators.h"
#include "verify/inference/backends/torch/module/tensors.h"

namespace plumb::torch_module {
namespace {

std::vector<int64_t> Signed(const std::vector<uint64_t>& numbers) { return {numbers.begin(), numbers.end()}; }

bool AreAll(const std::vector<int64_t>& numbers, int64_t least) {
  return std::all_of(numbers.begin(), numbers.end(), [=](int64_t number) { return number >= least; });
}

void MatMul(const MatMulAttributes& attributes, const Tensors& x, at::Tensor& out) {
  const at::Tensor a = attributes.transpose_a ? x[0].transpose(-1, -2) : x[0];
  const at::Tensor b = attributes.transpose_b ? x[1].transpose(-1, -2) : x[1];
  at::matmul_out(out, a, b);
  if (x.size() > 2) out.add_(x[2]);
}

at::Tensor Conv(const WindowAttributes& window, const Tensors& x) {
  const std::vector<int64_t> none(window.strides.size(), 0);
  const bool even = window.pads_before == window.pads_after;
  const at::Tensor padded =
      even ? x[0] : at::constant_pad_nd(x[0], PadWidths(window.pads_before, window.pads_after), 0);
  return at::convolution(padded, x[1], x.size() > 2 ? c10::optional<at::Tensor>(x[2]) : c10::nullopt,
                         Signed(window.strides), even ? window.pads_before : none, Signed(window.dilations),
                         /*transposed=*/false, none, static_cast<int64_t>(window.groups));
}

// Without padding, then cropped; what output_padding adds has no products.
at::Tensor ConvTranspose(const WindowAttributes& window, const Tensors& x) {
  const std::vector<int64_t> none(window.strides.size(), 0);
  const at::Tensor whole =
      at::convolution(x[0], x[1], c10::nullopt, Signed(window.strides), none, Signed(window.dilations),
                      /*transposed=*/true, none, static_cast<int64_t>(window.groups));
  std::vector<int64_t> before;
  std::vector<int64_t> after;
  for (size_t d = 0; d < none.size(); ++d) {
    const int64_t beyond = window.output_padding.empty() ? 0 : static_cast<int64_t>(window.output_padding[d]);
    before.push_back(-window.pads_before[d]);
    after.push_back(beyond - window.pads_after[d]);
  }
  const at::Tensor result = at::constant_pad_nd(whole, PadWidths(before, after), 0);
  if (x.size() < 3) return result;
  std::vector<int64_t> channels(none.size() + 2, 1);
  channels[1] = x[2].size(0);
  return result + x[2].reshape(channels);
}

at::Tensor MaxPool(const WindowAttributes& window, const at::Tensor& x) {
  const std::vector<int64_t> kernel = Signed(window.kernel);
  const std::vector<int64_t> strides = Signed(window.strides);
  const std::vector<int64_t> dilations = Signed(window.dilations);
  if (kernel.size() == 1) return at::max_pool1d(x, kernel, strides, window.pads_before, dilations);
  if (kernel.size() == 2) return at::max_pool2d(x, kernel, strides, window.pads_before, dilations);
  return at::max_pool3d(x, kernel, strides, window.pads_before, dilations);
}

at::Tensor MeanPool(const PoolAttributes& attributes, const at::Tensor& x) {
  const std::vector<int64_t> kernel = Signed(attributes.window.kernel);
  const std::vector<int64_t> strides = Signed(attributes.window.strides);
  const std::vector<int64_t>& pads = attributes.window.pads_before;
  const bool counts = attributes.count_padding;
  if (kernel.size() == 1) return at::avg_pool1d(x, kernel, strides, pads, /*ceil_mode=*/false, counts);
  if (kernel.size() == 2) return at::avg_pool2d(x, kernel, strides, pads, /*ceil_mode=*/false, counts);
  return at::avg_pool3d(x, kernel, strides, pads, /*ceil_mode=*/false, counts);
}

bool SupportsPool(const PoolAttributes& attributes) {
  const WindowAttributes& window = attributes.window;
  const size_t dimensions = window.kernel.size();
  if (attributes.places || attributes.round_up || dimensions < 1 || dimensions > 3) return false;
  if (window.pads_before != window.pads_after || !AreAll(window.pads_before, 0)) return false;
  for (size_t d = 0; d < dimensions; ++d) {
    if (2 * static_cast<uint64_t>(window.pads_before[d]) > window.kernel[d]) return false;
    if (attributes.kind == PoolKind::kMean && window.dilations[d] != 1) return false;
  }
  return true;
}

}  // namespace

bool SupportsProducts(const Node& node, OperandNodes operands) {
  for (const Node* operand : operands) {
    if (operand->type != ElementType::kF32 && operand->type != ElementType::kF64) return false;
  }
  switch (node.op) {
    case OpKind::kMatMul:
      return true;
    case OpKind::kConv: {
      const auto& window = std::get<WindowAttributes>(node.attributes);
      const size_t dimensions = window.strides.size();
      return dimensions >= 1 && dimensions <= 3 && AreAll(window.pads_before, 0) && AreAll(window.pads_after, 0);
    }
    case OpKind::kConvTranspose: {
      const size_t dimensions = std::get<WindowAttributes>(node.attributes).strides.size();
      return dimensions >= 1 && dimensions <= 3;
    }
    case OpKind::kPool:
      return SupportsPool(std::get<PoolAttributes>(node.attributes));
    default:
      return false;
  }
}

void Products(const Node& node, const Tensors& x, at::Tensor& out) {
  switch (node.op) {
    case OpKind::kMatMul:
      return MatMul(std::get<MatMulAttributes>(node.attributes), x, out);
    case OpKind::kConv:
      out.copy_(Conv(std::get<WindowAttributes>(node.attributes), x));
      return;
    case OpKind::kConvTranspose:
      out.copy_(ConvTranspose(std::get<WindowAttributes>(node.attributes), x));
      return;
    default: {
      const auto& pool = std::get<PoolAttributes>(node.attributes);
      out.copy_(pool.kind == PoolKind::kMax ? MaxPool(pool.window, x[0]) : MeanPool(pool, x[0]));
    }
  }
}

}  // namespace plumb::torch_module
