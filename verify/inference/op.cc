#include "plumb/inference/op.h"

namespace plumb {

std::string_view OpName(OpKind op) {
  constexpr std::string_view kNames[] = {
      "input",       "weight",         "constant",   "unary",           "binary",    "where",
      "cast",        "scale",          "reshape",    "transpose",       "slice",     "concat",
      "pad",         "expand",         "gather",     "gather_elements", "gather_nd", "scatter_elements",
      "scatter_nd",  "reduce",         "arg_reduce", "cumsum",          "top_k",     "matmul",
      "conv",        "conv_transpose", "pool",       "resize",          "softmax",   "layer_norm",
      "causal_mask", "rms_norm",       "rope",       "attention"};
  static_assert(std::size(kNames) == static_cast<size_t>(OpKind::kAttention) + 1);
  return kNames[static_cast<size_t>(op)];
}

std::string_view UnaryFunctionName(UnaryFunction function) {
  constexpr std::string_view kNames[] = {
      "relu",         "gelu_erf",   "gelu_tanh", "quick_gelu", "silu",       "tanh",   "sigmoid", "exp",  "abs",
      "neg",          "sign",       "sqrt",      "rsqrt",      "reciprocal", "log",    "log1p",   "erf",  "softplus",
      "softsign",     "mish",       "sin",       "cos",        "tan",        "asin",   "acos",    "atan", "sinh",
      "cosh",         "asinh",      "acosh",     "atanh",      "ceil",       "floor",  "round",   "elu",  "leaky_relu",
      "hard_sigmoid", "hard_swish", "is_nan",    "is_inf",     "not",        "bit_not"};
  static_assert(std::size(kNames) == static_cast<size_t>(UnaryFunction::kBitNot) + 1);
  return kNames[static_cast<size_t>(function)];
}

std::string_view BinaryFunctionName(BinaryFunction function) {
  constexpr std::string_view kNames[] = {"add", "sub",     "mul",    "div",     "max",           "min",        "pow",
                                         "mod", "fmod",    "equal",  "less",    "less_or_equal", "and",        "or",
                                         "xor", "bit_and", "bit_or", "bit_xor", "shift_left",    "shift_right"};
  static_assert(std::size(kNames) == static_cast<size_t>(BinaryFunction::kShiftRight) + 1);
  return kNames[static_cast<size_t>(function)];
}

Attributes DefaultAttributes(OpKind op) {
  switch (op) {
    case OpKind::kConstant:
      return ConstantAttributes{};
    case OpKind::kUnary:
      return UnaryAttributes{};
    case OpKind::kBinary:
      return BinaryAttributes{};
    case OpKind::kCast:
      return CastAttributes{};
    case OpKind::kScale:
      return ScaleAttributes{};
    case OpKind::kReshape:
    case OpKind::kExpand:
      return ReshapeAttributes{};
    case OpKind::kTranspose:
      return TransposeAttributes{};
    case OpKind::kSlice:
      return SliceAttributes{};
    case OpKind::kConcat:
    case OpKind::kGatherElements:
      return AxisAttributes{};
    case OpKind::kPad:
      return PadAttributes{};
    case OpKind::kGather:
      return GatherAttributes{};
    case OpKind::kGatherNd:
      return GatherNdAttributes{};
    case OpKind::kScatterElements:
    case OpKind::kScatterNd:
      return ScatterAttributes{};
    case OpKind::kReduce:
      return ReduceAttributes{};
    case OpKind::kArgReduce:
      return ArgReduceAttributes{};
    case OpKind::kCumSum:
      return CumSumAttributes{};
    case OpKind::kTopK:
      return TopKAttributes{};
    case OpKind::kMatMul:
      return MatMulAttributes{};
    case OpKind::kConv:
    case OpKind::kConvTranspose:
      return WindowAttributes{};
    case OpKind::kPool:
      return PoolAttributes{};
    case OpKind::kResize:
      return ResizeAttributes{};
    case OpKind::kLayerNorm:
      return LayerNormAttributes{};
    case OpKind::kCausalMask:
      return CausalMaskAttributes{};
    case OpKind::kRmsNorm:
      return RmsNormAttributes{};
    case OpKind::kRope:
      return RopeAttributes{};
    case OpKind::kAttention:
      return AttentionAttributes{};
    case OpKind::kInput:
    case OpKind::kWeight:
    case OpKind::kWhere:
    case OpKind::kSoftmax:
      break;
  }
  return {};
}

bool IsComposite(OpKind op) { return op == OpKind::kRmsNorm || op == OpKind::kRope || op == OpKind::kAttention; }

}  // namespace plumb
