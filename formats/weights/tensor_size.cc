#include "formats/weights/tensor_size.h"

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<uint64_t> TensorSizeBytes(DType dtype, std::span<const uint64_t> shape) {
  uint64_t bits = DTypeBits(dtype);
  bool has_zero = false;
  for (uint64_t dimension : shape) {
    if (dimension == 0) {
      has_zero = true;
    } else if (__builtin_mul_overflow(bits, dimension, &bits)) {
      return InvalidArgument(
          fmt::format("shape [{}] of {} overflows 64 bits", fmt::join(shape, ", "), DTypeName(dtype)));
    }
  }
  if (has_zero) return 0;
  if (bits % 8 != 0) {
    return InvalidArgument(fmt::format("shape [{}] of {} is {} bits, not a whole number of bytes",
                                       fmt::join(shape, ", "), DTypeName(dtype), bits));
  }
  return bits / 8;
}

}  // namespace plumb
