// The families of operators that Compute hands nodes to, and how they launch kernels.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_OPERATOR_FAMILIES_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_OPERATOR_FAMILIES_H_

#include <string>
#include <vector>

#include "verify/inference/backends/device/operators.h"

namespace plumb::device {

// Elements that a work item of an element-wise kernel does (CHUNK of common.cl).
uint32_t ChunkOf(const Device& device);

// Rows of a result of that shape and of up to three operands that lie `strides` apart by the result's dimensions.
// Dimensions that all of them walk through alike are joined. REQUIRES: at most LAYOUT_DIMS dimensions.
Layout MakeLayout(const Device& device, const Shape& shape, const std::vector<std::vector<int64_t>>& strides);
// Strides of a dense tensor.
std::vector<int64_t> DenseStrides(const Shape& shape);
// Strides of an operand by the dimensions of the result that it is broadcast to.
std::vector<int64_t> BroadcastStrides(const Shape& operand, const Shape& result);

// Launches a kernel on at least `items` work items.
absl::Status LaunchItems(Device& device, const KernelName& kernel, uint64_t items, const Arguments& arguments);
// Launches a kernel of rows.cl whose unit is a row.
absl::Status LaunchRows(Device& device, const std::string& name, uint64_t rows, const Arguments& arguments);

bool HasUnaryKernel(UnaryFunction function);
bool HasBinaryKernel(BinaryFunction function);
// Of int32.
bool HasIntegerKernel(BinaryFunction function);
bool HasCastKernel(ElementType from, ElementType to);
absl::Status Unary(Device& device, const UnaryAttributes& attributes, Operands operands, const Result& result);
absl::Status Scale(Device& device, const ScaleAttributes& attributes, Operands operands, const Result& result);
absl::Status Binary(Device& device, BinaryFunction function, Operands operands, const Result& result);
absl::Status Where(Device& device, Operands operands, const Result& result);
absl::Status Cast(Device& device, Operands operands, const Result& result);

absl::Status Reshape(Device& device, Operands operands, const Result& result);
absl::Status Transpose(Device& device, const TransposeAttributes& attributes, Operands operands, const Result& result);
absl::Status Slice(Device& device, const SliceAttributes& attributes, Operands operands, const Result& result);
absl::Status Concat(Device& device, const AxisAttributes& attributes, Operands operands, const Result& result);
absl::Status Expand(Device& device, Operands operands, const Result& result);
absl::Status Pad(Device& device, const PadAttributes& attributes, Operands operands, const Result& result);
absl::Status Gather(Device& device, const GatherAttributes& attributes, Operands operands, const Result& result);

absl::Status Softmax(Device& device, Operands operands, const Result& result);
absl::Status LayerNorm(Device& device, const LayerNormAttributes& attributes, Operands operands, const Result& result);
absl::Status CausalMask(Device& device, const CausalMaskAttributes& attributes, Operands operands,
                        const Result& result);
absl::Status Reduce(Device& device, const ReduceAttributes& attributes, Operands operands, const Result& result);

absl::Status MatMul(Device& device, const MatMulAttributes& attributes, Operands operands, const Result& result);
// A product of float32 or int32 whose shape, but for block_rows, is known; `bias` may be nullptr when there is none.
absl::Status Multiply(Device& device, ElementType type, MatMulShape shape, const Memory& a, const Memory& b,
                      const Memory* bias, Memory& out);

absl::Status Conv(Device& device, const WindowAttributes& attributes, Operands operands, const Result& result);
absl::Status Pool(Device& device, const PoolAttributes& attributes, Operands operands, const Result& result);

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_OPERATOR_FAMILIES_H_
