// Arithmetic of int32 that wraps around, exact whatever the processor.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_INTEGERS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_INTEGERS_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "plumb/inference/op.h"

namespace plumb::onednn {

// out [M, N] = a [M, K] b [K, N], with rows so many elements apart; each row's elements lie side by side.
struct IntegerProduct {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  const int32_t* a = nullptr;
  uint64_t a_stride = 0;
  const int32_t* b = nullptr;
  uint64_t b_stride = 0;
  int32_t* out = nullptr;
  uint64_t out_stride = 0;
};

// Memory that MultiplyIntegers works in for operands of these sizes.
uint64_t IntegerScratchBytes(uint64_t m, uint64_t n, uint64_t k);

// Where each operand's elements lie within 256 of each other, as quantised ones do, oneDNN's product of bytes does the
// work on elements that were moved into a byte; otherwise a loop over rows.
absl::Status MultiplyIntegers(const IntegerProduct& product, std::span<uint8_t> scratch);

// Whether BinaryIntegers knows the function.
bool HasBinaryIntegers(BinaryFunction function);
// out[i] = f(a[i * a_step], b[i * b_step]); steps are 0 or 1. Comparisons write bools, the others int32.
void BinaryIntegers(BinaryFunction function, const int32_t* a, uint64_t a_step, const int32_t* b, uint64_t b_step,
                    uint64_t count, void* out);

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_INTEGERS_H_
