#include <optional>
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

std::optional<KernelName> CastKernel(ElementType from, ElementType to) {
  using T = ElementType;
  struct Known {
    T from;
    T to;
    std::string_view source;
    const char* name;
  };
  static constexpr Known kKnown[] = {
      {T::kBool, T::kF32, "elementwise", "cast_bool"},   {T::kU8, T::kF32, "elementwise", "cast_bool"},
      {T::kI32, T::kF32, "elementwise", "cast_i32"},     {T::kI64, T::kF32, "elementwise", "cast_i64"},
      {T::kI8, T::kF32, "integers", "convert_i8_f32"},   {T::kU8, T::kI32, "integers", "convert_u8_i32"},
      {T::kBool, T::kI32, "integers", "convert_u8_i32"}, {T::kI8, T::kI32, "integers", "convert_i8_i32"},
      {T::kI32, T::kU8, "integers", "convert_i32_u8"},   {T::kI32, T::kI8, "integers", "convert_i32_i8"},
      {T::kF32, T::kU8, "integers", "convert_f32_u8"},   {T::kF32, T::kI8, "integers", "convert_f32_i8"},
      {T::kF32, T::kI32, "integers", "convert_f32_i32"},
  };
  for (const Known& known : kKnown) {
    if (known.from == from && known.to == to) return KernelName{known.source, known.name};
  }
  return std::nullopt;
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

bool HasIntegerKernel(BinaryFunction function) {
  return Compares(function) || function == BinaryFunction::kAdd || function == BinaryFunction::kSub ||
         function == BinaryFunction::kMul || function == BinaryFunction::kMax || function == BinaryFunction::kMin;
}

bool HasCastKernel(ElementType from, ElementType to) { return CastKernel(from, to).has_value(); }

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
  const bool integers = operands[0].type == ElementType::kI32;
  std::string kernel = Compares(function) ? "compare_" : "binary_";
  if (integers) kernel += "i32_";
  kernel += BinaryFunctionName(function);
  return LaunchItems(device, {integers ? "integers" : "elementwise", kernel}, layout.items,
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
  return LaunchItems(device, *CastKernel(operands[0].type, result.type), (uint64_t{count} + chunk - 1) / chunk,
                     Arguments().At(*operands[0].memory).At(*result.memory).Value(count));
}

}  // namespace plumb::device
