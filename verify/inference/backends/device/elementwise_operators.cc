#include <string>

#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {
namespace {

absl::Status Map(Device& device, const std::string& kernel, const Operand& from, const Result& result, float alpha,
                 float beta) {
  const auto count = static_cast<uint32_t>(result.count());
  const uint32_t chunk = ChunkOf(device);
  return LaunchItems(device, {"elementwise", kernel}, (uint64_t{count} + chunk - 1) / chunk,
                     Arguments().At(*from.memory).At(*result.memory).Value(count).Value(alpha).Value(beta));
}

bool Compares(BinaryFunction function) {
  return function == BinaryFunction::kEqual || function == BinaryFunction::kLess ||
         function == BinaryFunction::kLessOrEqual;
}

}  // namespace

bool HasUnaryKernel(UnaryFunction function) {
  return function != UnaryFunction::kIsNan && function != UnaryFunction::kIsInf && function != UnaryFunction::kNot &&
         function != UnaryFunction::kBitNot;
}

bool HasBinaryKernel(BinaryFunction function) {
  return Compares(function) || function == BinaryFunction::kAdd || function == BinaryFunction::kSub ||
         function == BinaryFunction::kMul || function == BinaryFunction::kDiv || function == BinaryFunction::kMax ||
         function == BinaryFunction::kMin || function == BinaryFunction::kPow || function == BinaryFunction::kMod ||
         function == BinaryFunction::kFmod;
}

absl::Status Unary(Device& device, const UnaryAttributes& attributes, Operands operands, const Result& result) {
  return Map(device, "unary_" + std::string(UnaryFunctionName(attributes.function)), operands[0], result,
             static_cast<float>(attributes.alpha), static_cast<float>(attributes.beta));
}

absl::Status Scale(Device& device, const ScaleAttributes& attributes, Operands operands, const Result& result) {
  return Map(device, "unary_scale", operands[0], result, static_cast<float>(attributes.factor), 0);
}

absl::Status Binary(Device& device, BinaryFunction function, Operands operands, const Result& result) {
  const Layout layout = MakeLayout(
      device, *result.shape,
      {BroadcastStrides(*operands[0].shape, *result.shape), BroadcastStrides(*operands[1].shape, *result.shape)});
  const std::string kernel = (Compares(function) ? "compare_" : "binary_") + std::string(BinaryFunctionName(function));
  return LaunchItems(device, {"elementwise", kernel}, layout.items,
                     Arguments().At(*operands[0].memory).At(*operands[1].memory).At(*result.memory).Value(layout));
}

absl::Status Where(Device& device, Operands operands, const Result& result) {
  std::vector<std::vector<int64_t>> strides;
  Arguments arguments;
  for (const Operand& operand : operands) {
    strides.push_back(BroadcastStrides(*operand.shape, *result.shape));
    arguments.At(*operand.memory);
  }
  const Layout layout = MakeLayout(device, *result.shape, strides);
  return LaunchItems(device, {"elementwise", "where_f32"}, layout.items, arguments.At(*result.memory).Value(layout));
}

absl::Status Cast(Device& device, Operands operands, const Result& result) {
  const auto count = static_cast<uint32_t>(result.count());
  const uint32_t chunk = ChunkOf(device);
  const ElementType from = operands[0].type;
  const std::string type = from == ElementType::kI32 ? "i32" : from == ElementType::kI64 ? "i64" : "bool";
  return LaunchItems(device, {"elementwise", "cast_" + type}, (uint64_t{count} + chunk - 1) / chunk,
                     Arguments().At(*operands[0].memory).At(*result.memory).Value(count));
}

}  // namespace plumb::device
