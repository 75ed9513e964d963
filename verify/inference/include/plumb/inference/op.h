// The operators a graph is made of, and what each one means.
//
// A value is a dense row-major tensor of float32 (token ids: int32). Results are what real arithmetic gives,
// rounded to float32; backends may round in between. NaN in an operand gives NaN in every result that depends on it,
// also through max, min and relu; activations of infinities are their limits. `reference` defines the rest.
#ifndef PLUMB_INFERENCE_OP_H_
#define PLUMB_INFERENCE_OP_H_

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

namespace plumb {

// Sizes of a tensor's dimensions, outermost first; empty for a scalar.
using Shape = std::vector<uint64_t>;

// What a value's elements are.
enum class ElementType { kF32, kI32 };

// What a node does. Operands in the order they are passed.
enum class OpKind {
  kInput,       // A value given by the caller.
  kWeight,      // A tensor of the model, by name.
  kGather,      // table [V, D...], ids [...] -> rows of the table, [..., D...].
  kUnary,       // x -> f(x), element by element.
  kBinary,      // a, b -> f(a, b), shapes broadcast from the right as in NumPy.
  kScale,       // x -> factor * x.
  kMatMul,      // a [..., M, K], b [..., K, N] or [K, N], optional bias [N] -> a b + bias, [..., M, N].
  kLayerNorm,   // x [..., D], gain [D], bias [D] -> (x - mean) / sqrt(variance + epsilon) * gain + bias.
  kSoftmax,     // x -> softmax over the last dimension; a row that is -Inf throughout gives zeros.
  kCausalMask,  // x [..., Q, K] -> x, with -Inf where k > q + (K - Q).
  kReshape,     // x -> the same elements under another shape.
  kTranspose,   // x -> x with dimensions permuted.
  kSlice,       // x -> x[begin, end) along one dimension.
  kAttention,  // Composite. q, k, v [B, T, H * d] -> softmax(mask(scale * q k^T)) v for each of H heads, [B, T, H * d].
};

// Functions of one argument. GELU is x * Phi(x); kGeluTanh is its approximation by tanh.
enum class UnaryFunction { kRelu, kGeluErf, kGeluTanh, kQuickGelu, kSilu, kTanh, kSigmoid, kExp };
// Functions of two arguments.
enum class BinaryFunction { kAdd, kSub, kMul, kDiv, kMax, kMin };

// Attributes of each operator that has any.
struct UnaryAttributes {
  UnaryFunction function = UnaryFunction::kRelu;
};
struct BinaryAttributes {
  BinaryFunction function = BinaryFunction::kAdd;
};
struct ScaleAttributes {
  double factor = 1;
};
// `transpose_b`: b is given as [..., N, K]; likewise `transpose_a`.
struct MatMulAttributes {
  bool transpose_a = false;
  bool transpose_b = false;
};
struct LayerNormAttributes {
  double epsilon = 0;
};
// `permutation[i]` is the operand's dimension that becomes dimension i.
struct TransposeAttributes {
  std::vector<uint32_t> permutation;
};
struct ReshapeAttributes {
  Shape shape;
};
struct SliceAttributes {
  uint32_t axis = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};
struct AttentionAttributes {
  uint64_t heads = 1;
  double scale = 1;
  bool causal = false;
};

using Attributes =
    std::variant<std::monostate, UnaryAttributes, BinaryAttributes, ScaleAttributes, MatMulAttributes,
                 LayerNormAttributes, TransposeAttributes, ReshapeAttributes, SliceAttributes, AttentionAttributes>;

// Lower-case names, as messages and reports print them: `matmul`, `gelu_erf`, ...
std::string_view OpName(OpKind op);
std::string_view UnaryFunctionName(UnaryFunction function);
std::string_view BinaryFunctionName(BinaryFunction function);

// True for operators that LowerComposites replaces by others.
bool IsComposite(OpKind op);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_OP_H_
