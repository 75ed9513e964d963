// The operators of plumb/inference/op.h by libtorch's functions.
//
// Each `Supports...` says whether the function after it can compute the node; operands are never empty. Functions
// return the result, or write into `out`, which has the node's shape and type.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_MODULE_OPERATORS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_MODULE_OPERATORS_H_

#include <ATen/ATen.h>

#include <span>
#include <vector>

#include "plumb/inference/graph.h"

namespace plumb::torch_module {

using Tensors = std::vector<at::Tensor>;
using OperandNodes = std::span<const Node* const>;

// Element by element: kUnary, kBinary, kWhere, kScale, kCast.
bool SupportsElementwise(const Node& node, OperandNodes operands);
at::Tensor Elementwise(const Node& node, const Tensors& x);

// Elements copied: kReshape, kTranspose, kSlice, kConcat, kPad, kExpand. `x` and the result are mere storage.
bool SupportsMovement(const Node& node);
at::Tensor Movement(const Node& node, const Tensors& x);

// Along dimensions: kReduce, kCumSum, kSoftmax, kLayerNorm, kCausalMask, kRmsNorm.
bool SupportsRows(const Node& node, OperandNodes operands);
at::Tensor Rows(const Node& node, const Tensors& x);
// Shares of each row's elements; zeros for rows that are -Inf throughout.
at::Tensor SoftmaxOfRows(const at::Tensor& x);
// -Inf where a query must not look.
at::Tensor MaskCausally(const at::Tensor& x, const CausalMaskAttributes& attributes);

// kMatMul, kConv, kConvTranspose, kPool.
bool SupportsProducts(const Node& node, OperandNodes operands);
void Products(const Node& node, const Tensors& x, at::Tensor& out);

// kRope, kAttention.
bool SupportsAttention(const Node& node, OperandNodes operands);
at::Tensor Attention(const Node& node, const Tensors& x);

}  // namespace plumb::torch_module

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_MODULE_OPERATORS_H_
