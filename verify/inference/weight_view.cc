#include "verify/inference/weight_view.h"

#include <bit>

namespace plumb {

TensorView ViewWeight(ElementType type, DType dtype, std::span<const uint8_t> bytes) {
  const bool f32 = type == ElementType::kF32 && dtype == DType::kF32;
  const bool bf16 = type == ElementType::kBF16 && dtype == DType::kBF16;
  if (std::endian::native != std::endian::little || (!f32 && !bf16)) return {};
  const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % ElementBytes(type) == 0;
  return aligned ? TensorView{type, bytes} : TensorView{};
}

}  // namespace plumb
