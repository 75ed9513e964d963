#include "verify/inference/backends/onednn/kernels.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/integers.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/rows.h"
#include "verify/inference/backends/onednn/shim.h"

namespace plumb {
namespace {

bool IsFloat32(const Node& node) { return node.type == ElementType::kF32; }

bool HasElements(const Node& node) { return ElementCount(node.shape).value_or(0) > 0; }

// What oneDNN's convolutions cannot express is padding that crops.
bool FitsConv(const WindowAttributes& window) {
  auto is_padding = [](int64_t width) { return width >= 0; };
  return window.strides.size() <= 3 && std::all_of(window.pads_before.begin(), window.pads_before.end(), is_padding) &&
         std::all_of(window.pads_after.begin(), window.pads_after.end(), is_padding);
}

class Kernels : public HostKernels {
 public:
  explicit Kernels(ElementType product_type) : product_type_(product_type) {}

  bool Supports(const Graph& graph, const Node& node) const override {
    if (IsMovement(node.op)) return true;
    if (!HasElements(node) || graph.Operands(node).empty()) return false;
    for (const Node* operand : graph.Operands(node)) {
      if (!HasElements(*operand) || operand->shape.size() > onednn::kRankMax) return false;
    }
    if (AllOf(graph, node, ElementType::kI32)) return SupportsIntegers(node);
    return AllOf(graph, node, ElementType::kF32) && SupportsFloats(graph, node);
  }

  absl::StatusOr<std::unique_ptr<PreparedOp>> Prepare(const Graph& graph, const Node& node,
                                                      bool keeps_weights) const override {
    switch (node.op) {
      case OpKind::kMatMul:
        if (node.type == ElementType::kI32) return onednn::PrepareIntegerMatMul(graph, node);
        return onednn::PrepareMatMul(graph, node, keeps_weights, product_type_);
      case OpKind::kConv:
        if (node.type == ElementType::kI32) return onednn::PrepareIntegerConv(graph, node);
        return onednn::PrepareConv(graph, node, keeps_weights);
      case OpKind::kConvTranspose:
        return onednn::PrepareConv(graph, node, keeps_weights);
      case OpKind::kAttention:
        return onednn::PrepareAttention(graph, node);
      case OpKind::kUnary:
        return onednn::PrepareUnary(graph, node);
      case OpKind::kBinary:
        return onednn::PrepareBinary(graph, node);
      case OpKind::kReduce:
        return onednn::PrepareReduce(graph, node);
      case OpKind::kPool:
        return onednn::PreparePool(graph, node);
      case OpKind::kRope:
        return onednn::PrepareRope(node);
      case OpKind::kTranspose: {
        const bool fits = IsFloat32(node) && HasElements(node) && !node.shape.empty();
        if (fits && node.shape.size() <= onednn::kRankMax) return onednn::PrepareTranspose(graph, node);
        return ReferenceKernels().Prepare(graph, node, keeps_weights);
      }
      default:
        break;
    }
    if (IsMovement(node.op)) return ReferenceKernels().Prepare(graph, node, keeps_weights);
    return onednn::PrepareRows(node);
  }

 private:
  static bool AllOf(const Graph& graph, const Node& node, ElementType type) {
    const std::vector<const Node*> operands = graph.Operands(node);
    return std::all_of(operands.begin(), operands.end(), [&](const Node* operand) { return operand->type == type; });
  }

  static bool SupportsIntegers(const Node& node) {
    switch (node.op) {
      case OpKind::kBinary:
        return onednn::HasBinaryIntegers(std::get<BinaryAttributes>(node.attributes).function);
      case OpKind::kMatMul:
      case OpKind::kConv:
        return true;
      default:
        return false;
    }
  }

  static bool SupportsFloats(const Graph& graph, const Node& node) {
    switch (node.op) {
      case OpKind::kBinary:
        return onednn::HasBinaryRow(std::get<BinaryAttributes>(node.attributes).function);
      case OpKind::kUnary:
        return onednn::HasUnaryRow(std::get<UnaryAttributes>(node.attributes).function);
      case OpKind::kMatMul:
      case OpKind::kAttention:
      case OpKind::kRope:
      case OpKind::kScale:
      case OpKind::kSoftmax:
      case OpKind::kLayerNorm:
      case OpKind::kRmsNorm:
      case OpKind::kCausalMask:
        return !node.shape.empty();
      case OpKind::kReduce:
        return onednn::ReducesSideBySide(graph, node);
      case OpKind::kPool:
        return onednn::PoolsFloats(node);
      case OpKind::kConv:
      case OpKind::kConvTranspose:
        return FitsConv(std::get<WindowAttributes>(node.attributes));
      default:
        return false;
    }
  }

  const ElementType product_type_;
};

}  // namespace

const HostKernels& OnednnKernels() {
  static const Kernels kKernels(ElementType::kF32);
  return kKernels;
}

const HostKernels& OnednnBFloat16Kernels() {
  static const Kernels kKernels(ElementType::kBF16);
  return kKernels;
}

}  // namespace plumb
