#include "plumb/weights/tensor_size.h"

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<uint64_t> TensorSizeBytes(DType dtype, std::span<const uint64_t> shape) {
  const DTypeBlock block = BlockOf(dtype);
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("shape [{}] of {} {}", fmt::join(shape, ", "), DTypeName(dtype), rule));
  };
  if (IsGgmlBlockDType(dtype) && (shape.empty() || shape.back() % block.elements != 0)) {
    return refuse(fmt::format("does not divide into blocks of {} along its last dimension", block.elements));
  }
  // Counted in bits for plain types, as the reference implementation of safetensors does, so that both overflow alike.
  uint64_t bits = IsGgmlBlockDType(dtype) ? 1 : DTypeBits(dtype);
  bool has_zero = false;
  for (uint64_t dimension : shape) {
    if (dimension == 0) {
      has_zero = true;
    } else if (__builtin_mul_overflow(bits, dimension, &bits)) {
      return refuse("overflows 64 bits");
    }
  }
  if (IsGgmlBlockDType(dtype)) {
    uint64_t bytes;
    if (__builtin_mul_overflow(bits / block.elements, block.bytes, &bytes)) return refuse("overflows 64 bits");
    return has_zero ? 0 : bytes;
  }
  if (has_zero) return 0;
  if (bits % 8 != 0) return refuse(fmt::format("is {} bits, not a whole number of bytes", bits));
  return bits / 8;
}

}  // namespace plumb
