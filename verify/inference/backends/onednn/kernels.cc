#include "verify/inference/backends/onednn/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/shim.h"
#include "verify/inference/backends/reference/functions.h"

namespace plumb {

onednn::Operand onednn::Dense(const float* data, const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return {data, shape, std::move(strides)};
}

namespace {

using Operands = std::span<const HostTensor>;

// A matrix operand as [batch, rows, columns], transposed by its strides.
onednn::Operand AsMatrices(const HostTensor& tensor, bool transposed) {
  const Shape& shape = *tensor.shape;
  uint64_t rows = shape[shape.size() - 2];
  uint64_t columns = shape.back();
  uint64_t batch = tensor.values.size() / (rows * columns);
  if (transposed) return {tensor.values.data(), {batch, columns, rows}, {rows * columns, 1, columns}};
  return {tensor.values.data(), {batch, rows, columns}, {rows * columns, columns, 1}};
}

absl::Status MatMul(const MatMulAttributes& attributes, Operands operands, HostOutput output) {
  onednn::Operand a = AsMatrices(operands[0], attributes.transpose_a);
  onednn::Operand b = AsMatrices(operands[1], attributes.transpose_b);
  if (operands[1].shape->size() == 2 && !attributes.transpose_a) {  // One tall matrix does the same.
    a.shape = {1, a.shape[0] * a.shape[1], a.shape[2]};
    a.strides[0] = a.shape[1] * a.shape[2];
  }
  return onednn::MatMul(a, b, operands.size() > 2 ? operands[2].values.data() : nullptr, output.values.data());
}

absl::Status Unary(UnaryFunction function, Operands operands, HostOutput output) {
  std::span<const float> x = operands[0].values;
  PLUMB_RETURN_IF_ERROR(onednn::Unary(function, x.data(), x.size(), output.values.data()));
  for (size_t i = 0; i < x.size(); ++i) {  // oneDNN's vector code does not keep NaN through min and max.
    if (!std::isfinite(x[i])) output.values[i] = static_cast<float>(reference::ApplyUnary({function}, x[i]));
  }
  return absl::OkStatus();
}

// oneDNN broadcasts the second operand when it has as many dimensions as the first.
absl::Status Binary(BinaryFunction function, Operands operands, HostOutput output) {
  const Shape& shape = *operands[0].shape;
  Shape second = *operands[1].shape;
  second.insert(second.begin(), shape.size() - second.size(), 1);
  return onednn::Binary(function, onednn::Dense(operands[0].values.data(), shape),
                        onednn::Dense(operands[1].values.data(), second), output.values.data());
}

// What every element of a row's softmax is when oneDNN does not say so itself: nothing for a row masked throughout
// (oneDNN: NaN), NaN for one that holds NaN or +Inf (oneDNN: only where they stand).
std::optional<float> UniformSoftmax(std::span<const float> row) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  bool masked = true;
  for (float value : row) {
    if (std::isnan(value) || value == kInfinity) return std::numeric_limits<float>::quiet_NaN();
    masked = masked && value == -kInfinity;
  }
  return masked ? std::optional<float>(0.0f) : std::nullopt;
}

absl::Status Softmax(Operands operands, HostOutput output) {
  std::span<const float> x = operands[0].values;
  const uint64_t width = output.shape->back();
  PLUMB_RETURN_IF_ERROR(onednn::Softmax(x.data(), x.size() / width, width, output.values.data()));
  for (uint64_t begin = 0; begin < x.size(); begin += width) {
    std::optional<float> uniform = UniformSoftmax(x.subspan(begin, width));
    if (uniform) std::fill_n(output.values.begin() + static_cast<ptrdiff_t>(begin), width, *uniform);
  }
  return absl::OkStatus();
}

absl::Status Transpose(const TransposeAttributes& attributes, Operands operands, HostOutput output) {
  const onednn::Operand dense = onednn::Dense(operands[0].values.data(), *operands[0].shape);
  onednn::Operand permuted = {dense.data, *output.shape, {}};
  for (uint32_t axis : attributes.permutation) permuted.strides.push_back(dense.strides[axis]);
  return onednn::Copy(permuted, output.values.data());
}

absl::Status Slice(const SliceAttributes& range, Operands operands, HostOutput output) {
  onednn::Operand part = onednn::Dense(operands[0].values.data(), *operands[0].shape);
  part.data += static_cast<uint64_t>(range.begin) * part.strides[range.axis];
  part.shape = *output.shape;
  return onednn::Copy(part, output.values.data());
}

class Kernels : public HostKernels {
 public:
  bool Supports(const Graph& graph, const Node& node) const override {
    for (const Node* operand : graph.Operands(node)) {
      if (!Fits(*operand)) return false;
    }
    if (!Fits(node)) return false;
    switch (node.op) {
      case OpKind::kUnary:
        return onednn::HasUnary(std::get<UnaryAttributes>(node.attributes).function);
      case OpKind::kMatMul:
      case OpKind::kScale:
      case OpKind::kSoftmax:
      case OpKind::kTranspose:
        return true;
      case OpKind::kLayerNorm:
        return node.inputs.size() == 3;
      case OpKind::kSlice:
        return std::get<SliceAttributes>(node.attributes).step == 1;
      case OpKind::kBinary: {
        const BinaryFunction function = std::get<BinaryAttributes>(node.attributes).function;
        const bool known = function == BinaryFunction::kAdd || function == BinaryFunction::kSub ||
                           function == BinaryFunction::kMul || function == BinaryFunction::kDiv;
        return known && graph.node(node.inputs[0]).shape == node.shape;
      }
      default:
        return false;
    }
  }

  absl::Status Compute(const Node& node, Operands operands, HostOutput output) const override {
    std::span<const float> x = operands[0].values;
    switch (node.op) {
      case OpKind::kMatMul:
        return MatMul(std::get<MatMulAttributes>(node.attributes), operands, output);
      case OpKind::kUnary:
        return Unary(std::get<UnaryAttributes>(node.attributes).function, operands, output);
      case OpKind::kBinary:
        return Binary(std::get<BinaryAttributes>(node.attributes).function, operands, output);
      case OpKind::kScale:
        return onednn::Scale(std::get<ScaleAttributes>(node.attributes).factor, x.data(), x.size(),
                             output.values.data());
      case OpKind::kLayerNorm:
        return onednn::LayerNorm(x.data(), x.size() / output.shape->back(), output.shape->back(),
                                 operands[1].values.data(), operands[2].values.data(),
                                 std::get<LayerNormAttributes>(node.attributes).epsilon, output.values.data());
      case OpKind::kSoftmax:
        return Softmax(operands, output);
      case OpKind::kTranspose:
        return Transpose(std::get<TransposeAttributes>(node.attributes), operands, output);
      case OpKind::kSlice:
        return Slice(std::get<SliceAttributes>(node.attributes), operands, output);
      default:
        return Internal(fmt::format("onednn has no kernel for {}", OpName(node.op)));
    }
  }

 private:
  static bool Fits(const Node& node) {
    return node.type == ElementType::kF32 && !node.shape.empty() && node.shape.size() <= onednn::kRankMax &&
           ElementCount(node.shape).value_or(0) > 0;
  }
};

}  // namespace

const HostKernels& OnednnKernels() {
  static const Kernels kKernels;
  return kKernels;
}

}  // namespace plumb
