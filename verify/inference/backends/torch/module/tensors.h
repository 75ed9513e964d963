// Plumb's tensors as libtorch's, without copies.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_MODULE_TENSORS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_MODULE_TENSORS_H_

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "verify/inference/backends/torch/torch_module.h"

namespace plumb::torch_module {

// libtorch's name for a type; none for unsigned integers of more than eight bits.
std::optional<at::ScalarType> ScalarTypeOf(ElementType type);
// An integer type as wide as `type`, for operators that only move elements.
at::ScalarType StorageTypeOf(ElementType type);

std::vector<int64_t> Sizes(const Shape& shape);
bool IsEmpty(const Shape& shape);
// Widths before and after each dimension in libtorch's order: of the last dimension first.
std::vector<int64_t> PadWidths(const std::vector<int64_t>& before, const std::vector<int64_t>& after);

// The elements of `tensor` where they lie, by their type or as mere storage. REQUIRES: libtorch has the type.
at::Tensor View(const Operand& tensor);
at::Tensor StorageView(const Operand& tensor);

}  // namespace plumb::torch_module

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_MODULE_TENSORS_H_
