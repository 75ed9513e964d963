#include "plumb/inference/tensor.h"

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"

namespace plumb {

std::string_view ElementTypeName(ElementType type) {
  constexpr std::string_view kNames[] = {"f32", "i32", "bool", "i8",  "i16",  "i64", "u8",
                                         "u16", "u32", "u64",  "f16", "bf16", "f64"};
  return kNames[static_cast<size_t>(type)];
}

uint64_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kBool:
    case ElementType::kI8:
    case ElementType::kU8:
      return 1;
    case ElementType::kI16:
    case ElementType::kU16:
    case ElementType::kF16:
    case ElementType::kBF16:
      return 2;
    case ElementType::kI64:
    case ElementType::kU64:
    case ElementType::kF64:
      return 8;
    case ElementType::kF32:
    case ElementType::kI32:
    case ElementType::kU32:
      break;
  }
  return 4;
}

bool IsFloat(ElementType type) {
  return type == ElementType::kF32 || type == ElementType::kF16 || type == ElementType::kBF16 ||
         type == ElementType::kF64;
}

std::optional<uint64_t> ElementCount(const Shape& shape) {
  uint64_t count = 1;
  for (uint64_t size : shape) {
    if (size == 0) return 0;
    if (count > limits::kTensorElementsMax / size) return std::nullopt;
    count *= size;
  }
  return count;
}

std::string ShapeText(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace plumb
