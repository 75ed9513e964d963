// Weights that can be used where they lie.
#ifndef PLUMB_VERIFY_INFERENCE_WEIGHT_VIEW_H_
#define PLUMB_VERIFY_INFERENCE_WEIGHT_VIEW_H_

#include <cstdint>
#include <span>

#include "plumb/inference/backend.h"
#include "plumb/weights/dtype.h"

namespace plumb {

// The bytes of a tensor of `dtype` as elements of `type`: when both are F32 or both BF16, this machine is
// little-endian like the bytes, and they are aligned. Otherwise no bytes.
TensorView ViewWeight(ElementType type, DType dtype, std::span<const uint8_t> bytes);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_WEIGHT_VIEW_H_
