// Element types of tensors.
#ifndef PLUMB_WEIGHTS_DTYPE_H_
#define PLUMB_WEIGHTS_DTYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace plumb {

// Every element type that safetensors defines; the names are its own.
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
};

// Bits of one element: 4 to 64.
unsigned DTypeBits(DType dtype);
// The safetensors name: `F32`, `BF16`, `F8_E4M3`, ...
std::string_view DTypeName(DType dtype);
// The inverse of DTypeName.
std::optional<DType> ParseDType(std::string_view name);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_DTYPE_H_
