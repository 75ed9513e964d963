#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/api/include/torch/version.h>

#include <exception>
#include <mutex>

#include "verify/inference/backends/torch/module/operators.h"
#include "verify/inference/backends/torch/module/tensors.h"
#include "verify/inference/backends/torch/torch_module.h"

namespace plumb::torch_module {
namespace {

std::string Describe() { return std::string("libtorch ") + TORCH_VERSION; }

bool Supports(const Node& node, OperandNodes operands) {
  if (IsEmpty(node.shape)) return false;
  for (const Node* operand : operands) {
    if (IsEmpty(operand->shape)) return false;
  }
  return SupportsProducts(node, operands) || SupportsElementwise(node, operands) || SupportsRows(node, operands) ||
         SupportsAttention(node, operands) || SupportsMovement(node);
}

void Dispatch(const Node& node, std::span<const Operand> operands, const Operand& output) {
  if (SupportsMovement(node)) {
    Tensors x;
    for (const Operand& operand : operands) x.push_back(StorageView(operand));
    StorageView(output).copy_(Movement(node, x));
    return;
  }
  Tensors x;
  for (const Operand& operand : operands) x.push_back(View(operand));
  at::Tensor out = View(output);
  switch (node.op) {
    case OpKind::kMatMul:
    case OpKind::kConv:
    case OpKind::kConvTranspose:
    case OpKind::kPool:
      return Products(node, x, out);
    case OpKind::kRope:
    case OpKind::kAttention:
      out.copy_(Attention(node, x));
      return;
    case OpKind::kUnary:
    case OpKind::kBinary:
    case OpKind::kWhere:
    case OpKind::kScale:
    case OpKind::kCast:
      out.copy_(Elementwise(node, x));
      return;
    default:
      out.copy_(Rows(node, x));
  }
}

std::string Compute(const Node& node, std::span<const Operand> operands, const Operand& output) {
  // Convolutions by libtorch's own code: a second opinion must not come from the oneDNN that gave the first.
  static std::once_flag own_code;
  try {
    std::call_once(own_code, [] { at::globalContext().setUserEnabledMkldnn(false); });
    const c10::InferenceMode inference;
    Dispatch(node, operands, output);
    return "";
  } catch (const c10::Error& error) {
    return std::string("libtorch: ") + error.what_without_backtrace();
  } catch (const std::exception& error) {
    return std::string("libtorch: ") + error.what();
  }
}

constexpr Calls kCalls = {.describe = &Describe, .supports = &Supports, .compute = &Compute};

}  // namespace
}  // namespace plumb::torch_module

extern "C" const plumb::torch_module::Calls* plumb_torch_calls() { return &plumb::torch_module::kCalls; }
