// The operators a graph is made of, and what each one means.
//
// A value is a dense row-major tensor of one element type. Results are what real arithmetic gives, rounded to the
// result's type; backends may round in between. NaN in an operand gives NaN in every result that depends on it, also
// through max, min and relu; activations of infinities are their limits. Integer arithmetic wraps around.
// `reference` defines the rest.
#ifndef PLUMB_INFERENCE_OP_H_
#define PLUMB_INFERENCE_OP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "plumb/inference/tensor.h"

namespace plumb {

// What a node does. Operands in the order they are passed; unless said otherwise the result has the type of the first.
enum class OpKind {
  // Leaves.
  kInput,     // A value given by the caller.
  kWeight,    // A tensor of the model, by name; float32.
  kConstant,  // A value that the graph itself holds.

  // Element by element.
  kUnary,   // x -> f(x).
  kBinary,  // a, b -> f(a, b), of one type; shapes broadcast from the right as in NumPy. Comparisons give bool.
  kWhere,   // condition (bool), x, y -> x where the condition holds, else y; all three broadcast.
  kCast,    // x -> x as another type. Floats to integers round towards zero and saturate, NaN gives 0.
  kScale,   // x -> factor * x.

  // Movement: elements are copied, never computed with.
  kReshape,          // x -> the same elements under another shape.
  kTranspose,        // x -> x with dimensions permuted.
  kSlice,            // x -> elements begin, begin + step, ... before `end` along one dimension.
  kConcat,           // x1, x2, ... -> one after another along one dimension.
  kPad,              // x, optional fill (scalar; absent: zero) -> x with a border; negative widths crop.
  kExpand,           // x -> x broadcast to a larger shape.
  kGather,           // table, ids (any shape) -> slices of `table` along `axis`: [..axis), ids' shape, (axis..].
  kGatherElements,   // x, ids (x's rank) -> x[.., ids[i], ..] along `axis`.
  kGatherNd,         // x, ids [..., k] -> x[batch..., ids...] : slices named by index tuples.
  kScatterElements,  // x, ids, updates (shape of ids) -> x with updates combined in along `axis`, in order.
  kScatterNd,        // x, ids [..., k], updates -> x with slices named by index tuples combined with updates, in order.

  // Along dimensions.
  kReduce,  // x -> sum, mean, max, min or product over `axes`. Of nothing: 0, NaN, -Inf, Inf, 1 (integers: extremes).
  kArgReduce,  // x -> int64 place of the largest (smallest) element along `axis`; NaN counts as largest.
  kCumSum,     // x -> running sums along `axis`.
  kTopK,       // x -> the k largest (smallest) along `axis`, best first, ties by place; values, or int64 places.

  // Products and windows. N spatial dimensions follow batch and channels: [B, C, S1..SN].
  kMatMul,         // a [..., M, K], b [..., K, N] or [K, N], optional bias [N] -> a b + bias, [..., M, N].
  kConv,           // x [B, C, S...], w [O, C / groups, W...], optional bias [O] -> correlation, [B, O, ...].
  kConvTranspose,  // x [B, C, S...], w [C, O / groups, W...], optional bias [O] -> its adjoint, [B, O, ...].
  kPool,           // x [B, C, S...] -> max or mean over windows.
  kResize,         // x -> x resampled to another shape.

  // Normalisation.
  kSoftmax,     // x -> softmax over the last dimension; a row that is -Inf throughout gives zeros.
  kLayerNorm,   // x [..., D], gain [D], optional bias [D] -> (x - mean) / sqrt(variance + epsilon) * gain + bias.
  kCausalMask,  // x [..., Q, K] -> x, with -Inf where k > q + (K - Q), or further back than a window.

  // Composites: LowerComposites says what they mean.
  kRmsNorm,    // x [..., D], gain [D] -> x / sqrt(mean(x^2) + epsilon) * (gain_offset + gain).
  kRope,       // x [B, T, H * d] -> x with pairs of each head's first dimensions rotated by their positions' angles.
  kAttention,  // q [B, T, H * d], k [B, S, G * d], v [B, S, G * e], optional mask (added to the scores; broadcasts to
               // [B, H, T, S]) -> softmax(mask(cap(scale * q k^T))) v for each of H heads, [B, T, H * e].
};

// Functions of one argument. GELU is x * Phi(x); kGeluTanh is its approximation by tanh. `alpha` and `beta` are
// UnaryAttributes'. Integers know kAbs, kNeg, kSign, kBitNot and (bool) kNot.
enum class UnaryFunction {
  kRelu,
  kGeluErf,
  kGeluTanh,
  kQuickGelu,
  kSilu,
  kTanh,
  kSigmoid,
  kExp,
  kAbs,
  kNeg,
  kSign,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kLog,
  kLog1p,
  kErf,
  kSoftplus,
  kSoftsign,
  kMish,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kAsinh,
  kAcosh,
  kAtanh,
  kCeil,
  kFloor,
  kRound,        // kRound: halves to even.
  kElu,          // x > 0 ? x : alpha (e^x - 1)
  kLeakyRelu,    // x > 0 ? x : alpha x
  kHardSigmoid,  // max(0, min(1, alpha x + beta))
  kHardSwish,    // x max(0, min(1, x / 6 + 1 / 2))
  kIsNan,
  kIsInf,
  kNot,  // Give bool. kIsInf: alpha != 0 counts -Inf, beta != 0 counts +Inf.
  kBitNot,
};
// Functions of two arguments. kMod takes the divisor's sign (Python), kFmod the dividend's (C).
enum class BinaryFunction {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMax,
  kMin,
  kPow,
  kMod,
  kFmod,
  kEqual,
  kLess,
  kLessOrEqual,  // Give bool.
  kAnd,
  kOr,
  kXor,  // Of bool.
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
};
enum class ReduceFunction { kSum, kMean, kMax, kMin, kProd };
enum class ScatterReduction { kNone, kAdd, kMul, kMax, kMin };
enum class PadMode { kConstant, kReflect, kEdge, kWrap };

// Attributes of each operator that has any.
struct UnaryAttributes {
  UnaryFunction function = UnaryFunction::kRelu;
  double alpha = 0;
  double beta = 0;
};
struct BinaryAttributes {
  BinaryFunction function = BinaryFunction::kAdd;
};
struct ConstantAttributes {
  std::shared_ptr<const TensorValue> value;
};
struct CastAttributes {
  ElementType type = ElementType::kF32;
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
struct RmsNormAttributes {
  double epsilon = 0;
  double gain_offset = 0;  // Gemma's gains are stored less one.
};
// `permutation[i]` is the operand's dimension that becomes dimension i.
struct TransposeAttributes {
  std::vector<uint32_t> permutation;
};
// Of kReshape and kExpand: the result's shape.
struct ReshapeAttributes {
  Shape shape;
};
// `step` may be negative: then begin > end, and `end` may be -1 to include element 0. Otherwise 0 <= begin <= end.
struct SliceAttributes {
  uint32_t axis = 0;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t step = 1;
};
// Of kConcat, kGatherElements.
struct AxisAttributes {
  uint32_t axis = 0;
};
// `wrap`: ids from -size to -1 count from the end. Without it they are errors, as are all others outside the table.
struct GatherAttributes {
  uint32_t axis = 0;
  bool wrap = false;
};
struct GatherNdAttributes {
  uint32_t batch_dimensions = 0;
};
// Of kScatterElements (which uses `axis`) and kScatterNd. Negative ids count from the end.
struct ScatterAttributes {
  uint32_t axis = 0;
  ScatterReduction reduction = ScatterReduction::kNone;
};
// One width before and one after each dimension of the operand.
struct PadAttributes {
  std::vector<int64_t> before;
  std::vector<int64_t> after;
  PadMode mode = PadMode::kConstant;
};
struct ReduceAttributes {
  ReduceFunction function = ReduceFunction::kSum;
  std::vector<uint32_t> axes;  // Sorted, distinct; none: nothing is reduced.
  bool keep = false;           // Reduced dimensions stay, with size 1.
};
struct ArgReduceAttributes {
  uint32_t axis = 0;
  bool smallest = false;
  bool last = false;  // Of equals, the last.
  bool keep = false;
};
struct CumSumAttributes {
  uint32_t axis = 0;
  bool exclusive = false;
  bool reverse = false;
};
struct TopKAttributes {
  uint32_t axis = 0;
  uint64_t k = 1;
  bool smallest = false;
  bool places = false;
};
// Of kConv, kConvTranspose and kPool, one entry for each spatial dimension; `kernel` is kPool's only, and
// `output_padding` kConvTranspose's.
struct WindowAttributes {
  std::vector<uint64_t> kernel;
  std::vector<uint64_t> strides;
  std::vector<uint64_t> dilations;
  std::vector<int64_t> pads_before;
  std::vector<int64_t> pads_after;
  std::vector<uint64_t> output_padding;
  uint64_t groups = 1;
};
enum class PoolKind { kMax, kMean };
struct PoolAttributes {
  WindowAttributes window;
  PoolKind kind = PoolKind::kMax;
  // kMean divides by the window's size, counting declared padding (but never what lies beyond it); otherwise by
  // the elements that lie inside.
  bool count_padding = false;
  bool round_up = false;  // The last window may begin inside and end beyond the padding.
  bool places = false;    // kMax: int64 place of the largest in its [S...] plane, row-major, of one image and channel:
                          // ((b * C) + c) * size + place, as ONNX's MaxPool counts.
};
enum class ResizeKind { kNearest, kLinear, kCubic };
// How a result's coordinate maps to the operand's, as ONNX names them.
enum class ResizeCoordinates {
  kHalfPixel,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kCropAndResize,
  kHalfPixelSymmetric
};
enum class NearestRounding { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };
struct ResizeAttributes {
  Shape shape;                 // Of the result.
  std::vector<double> scales;  // Of each dimension: result over operand.
  ResizeKind kind = ResizeKind::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kHalfPixel;
  NearestRounding rounding = NearestRounding::kRoundPreferFloor;
  double cubic = -0.75;
  bool exclude_outside = false;
  double extrapolation = 0;    // kCropAndResize: what lies outside.
  std::vector<double> region;  // kCropAndResize: begins, then ends, in units of each dimension.
};
// `window` positions at most are seen, the query's own among them; 0: all before it.
struct CausalMaskAttributes {
  uint64_t window = 0;
};
enum class RopeStyle {
  kHalves,       // Pairs (i, i + rotary / 2): GPT-NeoX, Hugging Face.
  kInterleaved,  // Pairs (2 i, 2 i + 1): GPT-J, GGUF's llama.
};
struct RopeAttributes {
  uint64_t head_size = 0;          // d. Its first 2 * frequencies.size() dimensions are rotated.
  std::vector<float> frequencies;  // Angle of pair i at position p: p * frequencies[i], rounded to float32.
  double magnitude = 1;            // Sine and cosine are multiplied by it (YaRN, LongRoPE).
  uint64_t first_position = 0;     // Position of the first element of dimension T.
  RopeStyle style = RopeStyle::kHalves;
};
struct AttentionAttributes {
  uint64_t heads = 1;
  uint64_t kv_heads = 0;  // G; head h reads keys and values of head h * G / H. 0: as many as heads.
  double scale = 1;
  bool causal = false;
  uint64_t window = 0;  // See CausalMaskAttributes; needs `causal`.
  double soft_cap = 0;  // Scores become soft_cap * tanh(score / soft_cap) before the mask; 0: not.
};

using Attributes =
    std::variant<std::monostate, UnaryAttributes, BinaryAttributes, ConstantAttributes, CastAttributes, ScaleAttributes,
                 MatMulAttributes, LayerNormAttributes, RmsNormAttributes, TransposeAttributes, ReshapeAttributes,
                 SliceAttributes, AxisAttributes, GatherAttributes, GatherNdAttributes, ScatterAttributes,
                 PadAttributes, ReduceAttributes, ArgReduceAttributes, CumSumAttributes, TopKAttributes,
                 WindowAttributes, PoolAttributes, ResizeAttributes, CausalMaskAttributes, RopeAttributes,
                 AttentionAttributes>;

// Lower-case names, as messages and reports print them: `matmul`, `gelu_erf`, ...
std::string_view OpName(OpKind op);
std::string_view UnaryFunctionName(UnaryFunction function);
std::string_view BinaryFunctionName(BinaryFunction function);

// The attributes of an operator about which nothing was said, of the type that is its.
Attributes DefaultAttributes(OpKind op);

// True for operators that LowerComposites replaces by others.
bool IsComposite(OpKind op);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_OP_H_
