#include <exception>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/registry.h"

namespace plumb {
namespace {

using reference::Operands;

class Kernels : public HostKernels {
 public:
  bool Supports(const Graph&, const Node& node) const override { return !IsComposite(node.op); }

  absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const override {
    try {
      return Dispatch(node, operands, output);
    } catch (const std::exception& error) {  // No memory for scratch space, or no thread.
      return absl::ResourceExhaustedError(error.what());
    }
  }

 private:
  static absl::Status Dispatch(const Node& node, Operands x, HostOutput out) {
    const Attributes& a = node.attributes;
    switch (node.op) {
      case OpKind::kGather:
        return reference::Gather(std::get<GatherAttributes>(a), x, out);
      case OpKind::kGatherElements:
        return reference::GatherElements(std::get<AxisAttributes>(a), x, out);
      case OpKind::kGatherNd:
        return reference::GatherNd(std::get<GatherNdAttributes>(a), x, out);
      case OpKind::kScatterElements:
        return reference::ScatterElements(std::get<ScatterAttributes>(a), x, out);
      case OpKind::kScatterNd:
        return reference::ScatterNd(std::get<ScatterAttributes>(a), x, out);
      default:
        break;
    }
    if (Calculate(node, x, out) || Move(node, x, out)) return absl::OkStatus();
    return Internal(fmt::format("reference has no kernel for {}", OpName(node.op)));
  }

  // Operators that compute. False when the node is another.
  static bool Calculate(const Node& node, Operands x, HostOutput out) {
    const Attributes& a = node.attributes;
    switch (node.op) {
      case OpKind::kUnary:
        return reference::Unary(std::get<UnaryAttributes>(a), x, out), true;
      case OpKind::kBinary:
        return reference::Binary(std::get<BinaryAttributes>(a), x, out), true;
      case OpKind::kScale:
        return reference::Scale(std::get<ScaleAttributes>(a), x, out), true;
      case OpKind::kMatMul:
        return reference::MatMul(std::get<MatMulAttributes>(a), x, out), true;
      case OpKind::kConv:
        return reference::Conv(std::get<WindowAttributes>(a), x, out), true;
      case OpKind::kConvTranspose:
        return reference::ConvTranspose(std::get<WindowAttributes>(a), x, out), true;
      case OpKind::kPool:
        return reference::Pool(std::get<PoolAttributes>(a), x, out), true;
      case OpKind::kResize:
        return reference::Resize(std::get<ResizeAttributes>(a), x, out), true;
      case OpKind::kLayerNorm:
        return reference::LayerNorm(std::get<LayerNormAttributes>(a), x, out), true;
      case OpKind::kSoftmax:
        return reference::Softmax(x, out), true;
      case OpKind::kReduce:
        return reference::Reduce(std::get<ReduceAttributes>(a), x, out), true;
      case OpKind::kArgReduce:
        return reference::ArgReduce(std::get<ArgReduceAttributes>(a), x, out), true;
      case OpKind::kCumSum:
        return reference::CumSum(std::get<CumSumAttributes>(a), x, out), true;
      case OpKind::kTopK:
        return reference::TopK(std::get<TopKAttributes>(a), x, out), true;
      default:
        return false;
    }
  }

  // Operators that move, choose or convert elements. False when the node is another.
  static bool Move(const Node& node, Operands x, HostOutput out) {
    const Attributes& a = node.attributes;
    switch (node.op) {
      case OpKind::kWhere:
        return reference::Where(x, out), true;
      case OpKind::kCast:
        return reference::Cast(x, out), true;
      case OpKind::kCausalMask:
        return reference::CausalMask(std::get<CausalMaskAttributes>(a), x, out), true;
      case OpKind::kReshape:
        return reference::Reshape(x, out), true;
      case OpKind::kTranspose:
        return reference::Transpose(std::get<TransposeAttributes>(a), x, out), true;
      case OpKind::kSlice:
        return reference::Slice(std::get<SliceAttributes>(a), x, out), true;
      case OpKind::kConcat:
        return reference::Concat(std::get<AxisAttributes>(a), x, out), true;
      case OpKind::kPad:
        return reference::Pad(std::get<PadAttributes>(a), x, out), true;
      case OpKind::kExpand:
        return reference::Expand(x, out), true;
      default:
        return false;
    }
  }
};

class Reference : public Backend {
 public:
  std::string_view name() const override { return "reference"; }
  std::string description() const override { return "portable C++, accumulates in double"; }
  absl::Status Available() const override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    return PlanOnHost(graph, ReferenceKernels(), options);
  }
};

}  // namespace

const HostKernels& ReferenceKernels() {
  static const Kernels kKernels;
  return kKernels;
}

const Backend& ReferenceBackend() {
  static const Reference kBackend;
  return kBackend;
}

}  // namespace plumb
