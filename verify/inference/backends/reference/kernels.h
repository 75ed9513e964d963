// The kernels of `reference`: plain C++ that computes in double and rounds once, when it stores a result.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_KERNELS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_KERNELS_H_

#include <span>

#include "absl/status/status.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb::reference {

using Operands = std::span<const HostTensor>;

// Each computes the operator of its name as plumb/inference/op.h defines it, for shapes and types that InferShape and
// InferType accepted. Bools must be 0 or 1.
void MatMul(const MatMulAttributes& attributes, Operands operands, HostOutput output);
void Conv(const WindowAttributes& attributes, Operands operands, HostOutput output);
void ConvTranspose(const WindowAttributes& attributes, Operands operands, HostOutput output);
void Pool(const PoolAttributes& attributes, Operands operands, HostOutput output);
void Resize(const ResizeAttributes& attributes, Operands operands, HostOutput output);

void Unary(const UnaryAttributes& attributes, Operands operands, HostOutput output);
void Binary(const BinaryAttributes& attributes, Operands operands, HostOutput output);
void Scale(const ScaleAttributes& attributes, Operands operands, HostOutput output);
void Where(Operands operands, HostOutput output);
void Cast(Operands operands, HostOutput output);

void LayerNorm(const LayerNormAttributes& attributes, Operands operands, HostOutput output);
void Softmax(Operands operands, HostOutput output);
void CausalMask(const CausalMaskAttributes& attributes, Operands operands, HostOutput output);

void Reduce(const ReduceAttributes& attributes, Operands operands, HostOutput output);
void ArgReduce(const ArgReduceAttributes& attributes, Operands operands, HostOutput output);
void CumSum(const CumSumAttributes& attributes, Operands operands, HostOutput output);
void TopK(const TopKAttributes& attributes, Operands operands, HostOutput output);

void Reshape(Operands operands, HostOutput output);
void Transpose(const TransposeAttributes& attributes, Operands operands, HostOutput output);
void Slice(const SliceAttributes& attributes, Operands operands, HostOutput output);
void Concat(const AxisAttributes& attributes, Operands operands, HostOutput output);
void Pad(const PadAttributes& attributes, Operands operands, HostOutput output);
void Expand(Operands operands, HostOutput output);

// INVALID_ARGUMENT for an id outside its table.
absl::Status Gather(const GatherAttributes& attributes, Operands operands, HostOutput output);
absl::Status GatherElements(const AxisAttributes& attributes, Operands operands, HostOutput output);
absl::Status GatherNd(const GatherNdAttributes& attributes, Operands operands, HostOutput output);
absl::Status ScatterElements(const ScatterAttributes& attributes, Operands operands, HostOutput output);
absl::Status ScatterNd(const ScatterAttributes& attributes, Operands operands, HostOutput output);

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_KERNELS_H_
