#include "plumb/inference/op.h"

namespace plumb {

std::string_view OpName(OpKind op) {
  switch (op) {
    case OpKind::kInput:
      return "input";
    case OpKind::kWeight:
      return "weight";
    case OpKind::kGather:
      return "gather";
    case OpKind::kUnary:
      return "unary";
    case OpKind::kBinary:
      return "binary";
    case OpKind::kScale:
      return "scale";
    case OpKind::kMatMul:
      return "matmul";
    case OpKind::kLayerNorm:
      return "layer_norm";
    case OpKind::kSoftmax:
      return "softmax";
    case OpKind::kCausalMask:
      return "causal_mask";
    case OpKind::kReshape:
      return "reshape";
    case OpKind::kTranspose:
      return "transpose";
    case OpKind::kSlice:
      return "slice";
    case OpKind::kAttention:
      return "attention";
  }
  return "unknown";
}

std::string_view UnaryFunctionName(UnaryFunction function) {
  switch (function) {
    case UnaryFunction::kRelu:
      return "relu";
    case UnaryFunction::kGeluErf:
      return "gelu_erf";
    case UnaryFunction::kGeluTanh:
      return "gelu_tanh";
    case UnaryFunction::kQuickGelu:
      return "quick_gelu";
    case UnaryFunction::kSilu:
      return "silu";
    case UnaryFunction::kTanh:
      return "tanh";
    case UnaryFunction::kSigmoid:
      return "sigmoid";
    case UnaryFunction::kExp:
      return "exp";
  }
  return "unknown";
}

std::string_view BinaryFunctionName(BinaryFunction function) {
  switch (function) {
    case BinaryFunction::kAdd:
      return "add";
    case BinaryFunction::kSub:
      return "sub";
    case BinaryFunction::kMul:
      return "mul";
    case BinaryFunction::kDiv:
      return "div";
    case BinaryFunction::kMax:
      return "max";
    case BinaryFunction::kMin:
      return "min";
  }
  return "unknown";
}

bool IsComposite(OpKind op) { return op == OpKind::kAttention; }

}  // namespace plumb
