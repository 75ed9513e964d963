// The kernels of `reference`: plain C++ that computes in double and rounds once, when it stores a result.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_KERNELS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_KERNELS_H_

#include <span>

#include "absl/status/status.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb::reference {

using Operands = std::span<const HostTensor>;

// f(x) in double, limits at the infinities, NaN for NaN.
double ApplyUnary(UnaryFunction function, double x);
// f(a, b) in double; NaN when either is.
double ApplyBinary(BinaryFunction function, double a, double b);

// Each computes the operator of its name as plumb/inference/op.h defines it, for shapes that InferShape accepted.
void MatMul(const MatMulAttributes& attributes, Operands operands, HostOutput output);
void Unary(const UnaryAttributes& attributes, Operands operands, HostOutput output);
void Binary(const BinaryAttributes& attributes, Operands operands, HostOutput output);
void Scale(const ScaleAttributes& attributes, Operands operands, HostOutput output);
void LayerNorm(const LayerNormAttributes& attributes, Operands operands, HostOutput output);
void Softmax(Operands operands, HostOutput output);
void CausalMask(Operands operands, HostOutput output);
void Reshape(Operands operands, HostOutput output);
void Transpose(const TransposeAttributes& attributes, Operands operands, HostOutput output);
void Slice(const SliceAttributes& attributes, Operands operands, HostOutput output);
// INVALID_ARGUMENT for an id below 0 or beyond the table.
absl::Status Gather(Operands operands, HostOutput output);

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_KERNELS_H_
