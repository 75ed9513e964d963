// float32 encoded in the types of a GGUF file. docs/gguf.md
#ifndef PLUMB_GGUF_QUANTISE_H_
#define PLUMB_GGUF_QUANTISE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/weights/dtype.h"

namespace plumb::gguf {

// Whether Quantise can make this type: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, MXFP4, TQ1_0, TQ2_0, Q4_K.
bool CanQuantise(DType dtype);

// Encodes `values` into out.size() bytes, whole blocks. All types but Q4_K come out as the `gguf` Python package
// makes them, bit for bit, as long as a block's largest magnitude is 0 or at least 2^-120, so that scales can be
// inverted. Q4_K is our own search (least weighted squared error for each 32 elements); its bytes differ from the
// reference's, its layout does not.
// INVALID_ARGUMENT for another type, for sizes that do not belong together, and, in block types, for NaN or
// infinity, naming the element.
absl::Status Quantise(DType dtype, std::span<const float> values, std::span<uint8_t> out);
// The same into bytes of its own.
absl::StatusOr<std::vector<uint8_t>> Quantised(DType dtype, std::span<const float> values);

}  // namespace plumb::gguf

#endif  // PLUMB_GGUF_QUANTISE_H_
