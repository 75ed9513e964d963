// Element types of tensors.
#ifndef PLUMB_WEIGHTS_DTYPE_H_
#define PLUMB_WEIGHTS_DTYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace plumb {

// Every type in which a container that Plumb reads stores tensors. Those that safetensors defines come first, under
// its names; then plain types that only others have; then the block types of ggml, under its names: a block is a run
// of elements along the last dimension that share scales.
enum class DType {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3Fnuz,
  kF8E5M2Fnuz,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
  // Two halves, or two doubles: real, imaginary. C64 is two F32.
  kC32,
  kC128,
  // Packed, the first element in the lowest bits.
  kI4,
  kU4,
  kI2,
  kU2,
  // Texts, whose bytes are the container's own matter.
  kString,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ8_1,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kQ8_K,
  kIQ2_XXS,
  kIQ2_XS,
  kIQ3_XXS,
  kIQ1_S,
  kIQ4_NL,
  kIQ3_S,
  kIQ2_S,
  kIQ4_XS,
  kIQ1_M,
  kTQ1_0,
  kTQ2_0,
  kMXFP4,
  kNVFP4,
  kQ1_0,
  kQ2_0,
};

inline constexpr int kDTypeCount = static_cast<int>(DType::kQ2_0) + 1;

// The smallest run of elements that takes whole bytes: {1, 4} for F32, {2, 1} for F4, {256, 144} for Q4_K.
// {1, 0} for STRING.
struct DTypeBlock {
  uint32_t elements;
  uint32_t bytes;
};
DTypeBlock BlockOf(DType dtype);

// Bits of one element: 2 to 128; 0 for STRING and for the block types of ggml.
unsigned DTypeBits(DType dtype);
// `F32`, `BF16`, `F8_E4M3`, `Q4_K`, ...
std::string_view DTypeName(DType dtype);
// The inverse of DTypeName.
std::optional<DType> ParseDType(std::string_view name);

// True for the types that a safetensors file can hold.
bool IsSafetensorsDType(DType dtype);
// True for the block types of ggml.
bool IsGgmlBlockDType(DType dtype);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_DTYPE_H_
