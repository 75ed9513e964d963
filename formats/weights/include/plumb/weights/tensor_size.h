// What a shape and an element type say about a tensor's bytes.
#ifndef PLUMB_WEIGHTS_TENSOR_SIZE_H_
#define PLUMB_WEIGHTS_TENSOR_SIZE_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "plumb/weights/dtype.h"

namespace plumb {

// Bytes of a dense tensor. INVALID_ARGUMENT when its bits, counted without the dimensions that are
// zero, do not fit 64 bits (so that [n, n, 0] and [0, n, n] are judged alike), or are no whole bytes.
absl::StatusOr<uint64_t> TensorSizeBytes(DType dtype, std::span<const uint64_t> shape);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_TENSOR_SIZE_H_
