// Operators of com.microsoft that exporters of transformers fuse, but for attention.
#include "verify/inference/onnx/normalize.h"

namespace plumb::onnx {
namespace {

constexpr std::string_view kDomain = "com.microsoft";
using F = UnaryFunction;

Value WithBias(Call& c) { return c.has(1) ? c.e.Add(c.in(0), c.in(1)) : c.in(0); }

void FastGelu(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(F::kGeluTanh, WithBias(c)));
}

void BiasGelu(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(F::kGeluErf, WithBias(c)));
}

void QuickGelu(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  c.Out(c.e.Mul(x, c.e.Unary(F::kSigmoid, c.e.Mul(x, c.Float("alpha", 1.702f)))));
}

void FusedMatMul(Call& c) {
  if (!c.Need(0, 2) || !c.Need(1, 2)) return;
  auto turned = [&](const Value& x, bool turn) {
    const auto rank = static_cast<uint32_t>(x.rank());
    return turn ? c.e.Swap(x, rank - 2, rank - 1) : x;
  };
  if (c.Int("transBatchA", 0) != 0 || c.Int("transBatchB", 0) != 0) return (void)c.e.Unsupported("turns the batch");
  Value product = c.e.MatMul(turned(c.in(0), c.Int("transA", 0) != 0), turned(c.in(1), c.Int("transB", 0) != 0));
  const double alpha = c.Float("alpha", 1);
  c.Out(alpha == 1 ? product : c.e.Mul(product, alpha));
}

void SkipLayerNormalization(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 1) || !c.Need(2)) return;
  Value sum = c.e.Add(c.in(0), c.in(1));
  if (c.has(4)) sum = c.e.Add(sum, c.in(4));
  if (!c.e.ok()) return;
  const auto axis = static_cast<uint32_t>(sum.rank() - 1);
  c.Out(0, LayerNormFrom(c.e, sum, axis, c.in(2), c.in(3), c.Float("epsilon", 1e-12f)));
  c.Out(3, sum);
}

void SkipSimplifiedLayerNormalization(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 1) || !c.Need(2)) return;
  Value sum = c.e.Add(c.in(0), c.in(1));
  if (c.has(3)) sum = c.e.Add(sum, c.in(3));
  if (!c.e.ok()) return;
  c.Out(0, RmsNormFrom(c.e, sum, static_cast<uint32_t>(sum.rank() - 1), c.in(2), c.Float("epsilon", 1e-12f)));
  c.Out(3, sum);
}

// Word, position and segment vectors added up and normalised; and how many tokens each sequence's mask has.
void EmbedLayerNormalization(Call& c) {
  for (size_t i : {size_t{0}, size_t{2}, size_t{3}, size_t{5}, size_t{6}}) {
    if (!c.Need(i, i == 0 || i == 2 || i == 3 ? 2 : 1)) return;
  }
  const Shape& ids = c.in(0).shape;
  if (ids.size() != 2) return (void)c.e.Fail("ids are not [batch, positions]");
  Value sum = c.e.Gather(c.in(2), c.in(0), 0, false);
  Value positions = c.in(8);
  if (positions.present) {
    sum = c.e.Add(sum, c.e.Gather(c.in(3), positions, 0, false));
  } else {
    sum = c.e.Add(sum, c.e.Slice(c.in(3), 0, 0, static_cast<int64_t>(ids[1])));
  }
  if (c.has(1) && c.has(4)) sum = c.e.Add(sum, c.e.Gather(c.in(4), c.in(1), 0, false));
  if (!c.e.ok()) return;
  c.Out(0, LayerNormFrom(c.e, sum, 2, c.in(5), c.in(6), c.Float("epsilon", 1e-12f)));
  Value zeros = c.e.Expand(c.e.Scalar(ElementType::kI32, 0), {ids[0]});
  c.Out(1, c.has(7) ? c.e.Sum(c.e.Cast(ElementType::kI32, c.in(7)), {1}, false) : zeros);
  c.Out(2, sum);
}

void Gelu(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(F::kGeluErf, c.in(0)));
}

constexpr OpEntry kOps[] = {
    {"FastGelu", FastGelu, kDomain},
    {"BiasGelu", BiasGelu, kDomain},
    {"QuickGelu", QuickGelu, kDomain},
    {"Gelu", Gelu, kDomain},
    {"FusedMatMul", FusedMatMul, kDomain},
    {"TransposeMatMul", FusedMatMul, kDomain},
    {"SkipLayerNormalization", SkipLayerNormalization, kDomain},
    {"SkipSimplifiedLayerNormalization", SkipSimplifiedLayerNormalization, kDomain},
    {"EmbedLayerNormalization", EmbedLayerNormalization, kDomain},
};

}  // namespace

std::span<const OpEntry> ContribOps() { return kOps; }

}  // namespace plumb::onnx
