// The part of oneDNN that Plumb uses, in words that do not change between its major versions.
//
// A primitive is made once for its shapes, which may take milliseconds, and run often. Everything lies in this
// process's memory. Errors are INTERNAL with oneDNN's own words.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_SHIM_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_SHIM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/inference/op.h"

namespace plumb::onednn {

// Most dimensions that a tensor passed here may have.
inline constexpr size_t kRankMax = 6;

// Where a tensor's elements lie: sizes of its dimensions and how far each moves, in elements.
struct Layout {
  Shape shape;
  Shape strides;
};
Layout DenseLayout(const Shape& shape);

// What a primitive reads and writes; nullptr for what it has not.
struct Arguments {
  const void* x = nullptr;
  const void* weights = nullptr;  // Of primitives that pack: what Pack wrote.
  const float* bias = nullptr;
  void* out = nullptr;
  void* scratch = nullptr;  // scratch_bytes(), aligned to 64.
};

// One operation for fixed shapes. Immutable and thread-safe.
class Primitive {
 public:
  virtual ~Primitive() = default;
  virtual uint64_t scratch_bytes() const = 0;
  // Bytes of the weights in the order that suits this machine; 0 when they are read as they are.
  virtual uint64_t packed_bytes() const = 0;
  // REQUIRES: packed_bytes() > 0.
  virtual absl::Status Pack(const void* weights, void* packed) const = 0;
  // Writes every element of the result and nothing else but scratch memory.
  virtual absl::Status Run(const Arguments& arguments) const = 0;
};

// The library's version and the instruction set it uses: `oneDNN 2.6.3, AVX-512 ...`.
std::string Describe();
// OK when the library has a CPU engine.
absl::Status Available();
// The instruction set that the library uses in this process, as ONEDNN_MAX_CPU_ISA spells it: `AVX2`, ...
std::string_view InstructionSet();

// out [B, M, N] = x [B, M, K] weights [B or 1, K, N] + bias [N].
struct MatMulSpec {
  Layout x;
  Layout weights;
  Layout out;
  bool has_bias = false;
  ElementType type = ElementType::kF32;  // Of x and weights: kF32 or kBF16. Bias and result are float32.
  bool packs = false;
};
absl::StatusOr<std::unique_ptr<Primitive>> MakeMatMul(const MatMulSpec& spec);

// Correlation or its adjoint, as plumb/inference/op.h defines kConv and kConvTranspose; all dense.
struct ConvSpec {
  bool transposed = false;
  Shape x;
  Shape weights;
  Shape out;
  bool has_bias = false;
  WindowAttributes window;
  bool packs = false;
};
absl::StatusOr<std::unique_ptr<Primitive>> MakeConv(const ConvSpec& spec);

// Whether MakeUnary can do it.
bool HasUnary(const UnaryAttributes& attributes);
// out = f(x) for a dense x of `count` elements; wrong for elements that are not finite.
absl::StatusOr<std::unique_ptr<Primitive>> MakeUnary(const UnaryAttributes& attributes, uint64_t count);
// A dense copy of a strided x.
absl::StatusOr<std::unique_ptr<Primitive>> MakeCopy(const Layout& x);

// out [M, N] = factor * a [M, K] b, with rows `a_stride`, ... elements apart; b is [K, N], or [N, K] when
// `transpose_b`.
struct SmallProduct {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  const float* a = nullptr;
  uint64_t a_stride = 0;
  const float* b = nullptr;
  uint64_t b_stride = 0;
  bool transpose_b = false;
  float factor = 1;
  float* out = nullptr;
  uint64_t out_stride = 0;
};
// out [M, N] = a [M, K] b [K, N] of bytes, both dense, in int32 that wraps around: exact, also where the processor's
// own products of bytes saturate.
struct ByteProduct {
  uint64_t m = 0;
  uint64_t n = 0;
  uint64_t k = 0;
  uint8_t* a = nullptr;  // May be changed.
  const int8_t* b = nullptr;
  int32_t* out = nullptr;
  uint64_t out_stride = 0;
};
absl::Status MultiplyBytes(const ByteProduct& product);

// Computes on the calling thread when that is one of several of a parallel loop.
absl::Status Multiply(const SmallProduct& product);

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_SHIM_H_
