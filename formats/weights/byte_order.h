// Big-endian tensors made little-endian.
#ifndef PLUMB_FORMATS_WEIGHTS_BYTE_ORDER_H_
#define PLUMB_FORMATS_WEIGHTS_BYTE_ORDER_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "plumb/weights/dtype.h"

namespace plumb {

// Bytes of one number of a plain type: half an element for complex ones.
inline uint32_t NumberBytes(DType dtype) {
  uint32_t bytes = BlockOf(dtype).bytes;
  return dtype == DType::kC32 || dtype == DType::kC64 || dtype == DType::kC128 ? bytes / 2 : bytes;
}

// Reverses every run of `number_bytes` bytes; what is left at the end stays.
inline void ReverseEach(std::span<uint8_t> bytes, uint32_t number_bytes) {
  if (number_bytes < 2) return;
  for (size_t at = 0; at + number_bytes <= bytes.size(); at += number_bytes) {
    std::reverse(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + number_bytes));
  }
}

}  // namespace plumb

#endif  // PLUMB_FORMATS_WEIGHTS_BYTE_ORDER_H_
