#include "verify/inference/backends/torch/module/tensors.h"

namespace plumb::torch_module {

std::optional<at::ScalarType> ScalarTypeOf(ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return at::kFloat;
    case ElementType::kF64:
      return at::kDouble;
    case ElementType::kF16:
      return at::kHalf;
    case ElementType::kBF16:
      return at::kBFloat16;
    case ElementType::kBool:
      return at::kBool;
    case ElementType::kI8:
      return at::kChar;
    case ElementType::kI16:
      return at::kShort;
    case ElementType::kI32:
      return at::kInt;
    case ElementType::kI64:
      return at::kLong;
    case ElementType::kU8:
      return at::kByte;
    case ElementType::kU16:
    case ElementType::kU32:
    case ElementType::kU64:
      break;
  }
  return std::nullopt;
}

at::ScalarType StorageTypeOf(ElementType type) {
  switch (type) {
    case ElementType::kF32:
    case ElementType::kI32:
    case ElementType::kU32:
      return at::kInt;
    case ElementType::kF64:
    case ElementType::kI64:
    case ElementType::kU64:
      return at::kLong;
    case ElementType::kF16:
    case ElementType::kBF16:
    case ElementType::kI16:
    case ElementType::kU16:
      return at::kShort;
    case ElementType::kBool:
    case ElementType::kI8:
    case ElementType::kU8:
      break;
  }
  return at::kByte;
}

std::vector<int64_t> Sizes(const Shape& shape) { return {shape.begin(), shape.end()}; }

bool IsEmpty(const Shape& shape) {
  for (uint64_t size : shape) {
    if (size == 0) return true;
  }
  return false;
}

std::vector<int64_t> PadWidths(const std::vector<int64_t>& before, const std::vector<int64_t>& after) {
  std::vector<int64_t> widths;
  for (size_t d = before.size(); d-- > 0;) {
    widths.push_back(before[d]);
    widths.push_back(after[d]);
  }
  return widths;
}

at::Tensor View(const Operand& tensor) {
  return at::from_blob(tensor.data, Sizes(*tensor.shape), at::TensorOptions(ScalarTypeOf(tensor.type).value()));
}

at::Tensor StorageView(const Operand& tensor) {
  return at::from_blob(tensor.data, Sizes(*tensor.shape), at::TensorOptions(StorageTypeOf(tensor.type)));
}

}  // namespace plumb::torch_module
