#include "verify/inference/backends/device/operators.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {
namespace {

bool Fits(const Node& node) {
  constexpr uint64_t kElementsMax = INT32_MAX;
  const uint64_t count = ElementCount(node.shape).value_or(0);
  return count > 0 && count <= kElementsMax && node.shape.size() <= LAYOUT_DIMS;
}

bool FitsMatMul(const Node& node) {
  constexpr uint64_t kGroupsMax = 65535;  // Of a grid's second and third dimension, on every device.
  uint64_t batches = 1;
  for (size_t i = 0; i + 2 < node.shape.size(); ++i) batches *= node.shape[i];
  return batches <= kGroupsMax && node.shape[node.shape.size() - 2] <= kGroupsMax * 64;
}

bool FitsWindow(const Node& operand) { return operand.shape.size() >= 3 && operand.shape.size() <= WINDOW_DIMS + 2; }

bool SupportsPad(const Node& node) {
  return std::get<PadAttributes>(node.attributes).mode == PadMode::kConstant && ElementBytes(node.type) == 4;
}

bool SupportsGather(const Node& node, const Node& ids) {
  return ElementBytes(node.type) == 4 && (ids.type == ElementType::kI32 || ids.type == ElementType::kI64);
}

// Operators that compute with int32.
bool SupportsIntegers(const Node& node) {
  switch (node.op) {
    case OpKind::kBinary:
      return HasIntegerKernel(std::get<BinaryAttributes>(node.attributes).function);
    case OpKind::kMatMul:
      return FitsMatMul(node);
    case OpKind::kConv:
      return FitsWindow(node);
    default:
      return false;
  }
}

// Operators that compute with float32 alone.
bool SupportsFloats(const Graph& graph, const Node& node) {
  switch (node.op) {
    case OpKind::kUnary:
      return HasUnaryKernel(std::get<UnaryAttributes>(node.attributes).function);
    case OpKind::kBinary:
      return HasBinaryKernel(std::get<BinaryAttributes>(node.attributes).function);
    case OpKind::kMatMul:
      return FitsMatMul(node);
    case OpKind::kConv:
      return FitsWindow(node);
    case OpKind::kPool:
      return FitsWindow(graph.node(node.inputs[0])) && !std::get<PoolAttributes>(node.attributes).places;
    case OpKind::kScale:
    case OpKind::kSoftmax:
    case OpKind::kLayerNorm:
    case OpKind::kCausalMask:
    case OpKind::kReduce:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Supports(const Graph& graph, const Node& node) {
  const std::vector<const Node*> operands = graph.Operands(node);
  if (!Fits(node) || operands.empty()) return false;
  if (!std::all_of(operands.begin(), operands.end(), [](const Node* operand) { return Fits(*operand); })) return false;
  switch (node.op) {
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kSlice:
    case OpKind::kConcat:
    case OpKind::kExpand:
      return true;
    case OpKind::kPad:
      return SupportsPad(node);
    case OpKind::kGather:
      return SupportsGather(node, *operands[1]);
    case OpKind::kCast:
      return HasCastKernel(operands[0]->type, node.type);
    case OpKind::kWhere:
      return node.type == ElementType::kF32;
    default:
      break;
  }
  auto all = [&](ElementType type) {
    return std::all_of(operands.begin(), operands.end(), [&](const Node* operand) { return operand->type == type; });
  };
  if (all(ElementType::kI32)) return SupportsIntegers(node);
  return all(ElementType::kF32) && SupportsFloats(graph, node);
}

absl::Status Compute(Device& device, const Node& node, Operands operands, const Result& result) {
  switch (node.op) {
    case OpKind::kUnary:
      return Unary(device, std::get<UnaryAttributes>(node.attributes), operands, result);
    case OpKind::kBinary:
      return Binary(device, std::get<BinaryAttributes>(node.attributes).function, operands, result);
    case OpKind::kWhere:
      return Where(device, operands, result);
    case OpKind::kScale:
      return Scale(device, std::get<ScaleAttributes>(node.attributes), operands, result);
    case OpKind::kCast:
      return Cast(device, operands, result);
    case OpKind::kReshape:
      return Reshape(device, operands, result);
    case OpKind::kTranspose:
      return Transpose(device, std::get<TransposeAttributes>(node.attributes), operands, result);
    case OpKind::kSlice:
      return Slice(device, std::get<SliceAttributes>(node.attributes), operands, result);
    case OpKind::kConcat:
      return Concat(device, std::get<AxisAttributes>(node.attributes), operands, result);
    case OpKind::kExpand:
      return Expand(device, operands, result);
    case OpKind::kPad:
      return Pad(device, std::get<PadAttributes>(node.attributes), operands, result);
    case OpKind::kGather:
      return Gather(device, std::get<GatherAttributes>(node.attributes), operands, result);
    case OpKind::kReduce:
      return Reduce(device, std::get<ReduceAttributes>(node.attributes), operands, result);
    case OpKind::kMatMul:
      return MatMul(device, std::get<MatMulAttributes>(node.attributes), operands, result);
    case OpKind::kSoftmax:
      return Softmax(device, operands, result);
    case OpKind::kLayerNorm:
      return LayerNorm(device, std::get<LayerNormAttributes>(node.attributes), operands, result);
    case OpKind::kCausalMask:
      return CausalMask(device, std::get<CausalMaskAttributes>(node.attributes), operands, result);
    case OpKind::kConv:
      return Conv(device, std::get<WindowAttributes>(node.attributes), operands, result);
    case OpKind::kPool:
      return Pool(device, std::get<PoolAttributes>(node.attributes), operands, result);
    default:
      return Internal(fmt::format("no kernel for {}", OpName(node.op)));
  }
}

}  // namespace plumb::device
