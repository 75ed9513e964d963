// ggml's block types decoded to float32. docs/gguf.md has the layouts.
#ifndef PLUMB_GGUF_DEQUANTISE_H_
#define PLUMB_GGUF_DEQUANTISE_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/tensor_source.h"

namespace plumb::gguf {

// Decodes out.size() elements from whole little-endian blocks of any type that IsGgmlBlockDType. Every float32
// operation is rounded as the reference (the `gguf` Python package) rounds it, so that the bits are equal.
// INVALID_ARGUMENT unless `dtype` is a block type and the sizes belong together.
absl::Status Dequantise(DType dtype, std::span<const uint8_t> blocks, std::span<float> out);

// Turns whole blocks from big-endian to little-endian or back: their half, float and 16-bit or 32-bit fields.
// REQUIRES: a block type; whole blocks.
void SwapBlocks(DType dtype, std::span<uint8_t> blocks);

// How many whole little-endian blocks have a scale or minimum that is NaN or infinite, so that nothing they hold is of
// use: what llama.cpp's --check-tensors refuses. Each block counts once. 0 for types without blocks.
uint64_t CountBadBlocks(DType dtype, std::span<const uint8_t> blocks);

// The three for a TensorSource.
BlockCodec GgmlBlockCodec();

}  // namespace plumb::gguf

#endif  // PLUMB_GGUF_DEQUANTISE_H_
