#include "verify/inference/architectures/decoder_blocks.h"

#include "fmt/format.h"

namespace plumb {

DecoderBlocks::DecoderBlocks(GraphBuilder& builder, const DecoderSpec& spec, uint64_t sequences, uint64_t positions)
    : builder_(builder), spec_(spec), sequences_(sequences), positions_(positions) {
  for (const RopeParameters& rope : spec.ropes) ropes_.push_back(RopeFor(rope, spec.head_size, positions));
}

std::string DecoderBlocks::InLayer(size_t layer, const std::string& part) const {
  return fmt::format("{}{}.{}", spec_.names.layer, layer, part);
}

ValueId DecoderBlocks::Add(const std::string& name, ValueId a, ValueId b) {
  return builder_.Binary(name, BinaryFunction::kAdd, a, b);
}

ValueId DecoderBlocks::Linear(const std::string& name, ValueId x, uint64_t out, bool bias) {
  const Shape& shape = builder_.ShapeOf(x);
  if (shape.empty()) return 0;  // After an error.
  const uint64_t in = shape.back();
  ValueId weight = builder_.Weight(name + ".weight", {out, in});
  std::optional<ValueId> added;
  if (bias) added = builder_.Weight(name + ".bias", {out});
  return builder_.MatMul(name, x, weight, added, {.transpose_b = true});
}

ValueId DecoderBlocks::Norm(const std::string& name, ValueId x, uint64_t width) {
  const NormSpec& norm = spec_.norm;
  ValueId gain = 0;
  if (norm.gain) {
    gain = builder_.Weight(name + ".weight", {width});
  } else {
    gain = builder_.Expand(name + ".ones", builder_.Constant(name + ".one", 1.0f), {width});
  }
  if (norm.rms) return builder_.RmsNorm(name, x, gain, {.epsilon = norm.epsilon, .gain_offset = norm.gain_offset});
  std::optional<ValueId> bias;
  if (norm.bias) bias = builder_.Weight(name + ".bias", {width});
  return builder_.LayerNorm(name, x, gain, bias, norm.epsilon);
}

ValueId DecoderBlocks::NormIfAny(size_t layer, const std::string& part, ValueId x) {
  return part.empty() ? x : Norm(InLayer(layer, part), x, spec_.width);
}

ValueId DecoderBlocks::SoftCap(const std::string& name, double cap, ValueId x) {
  ValueId small = builder_.Scale(name + ".in", 1 / cap, x);
  return builder_.Scale(name + ".out", cap, builder_.Unary(name + ".tanh", UnaryFunction::kTanh, small));
}

ValueId DecoderBlocks::Embed(ValueId ids) {
  const DecoderNames& names = spec_.names;
  ValueId table = builder_.Weight(names.embedding + ".weight", {spec_.vocabulary, spec_.embedding_width});
  ValueId x = builder_.Gather("tokens", table, ids);
  if (spec_.embedding_scale != 1) x = builder_.Scale("tokens.scaled", spec_.embedding_scale, x);
  if (!names.project_in.empty()) x = Linear(names.project_in, x, spec_.width, false);
  if (!names.positions.empty()) {
    const uint64_t first = spec_.first_position_row;
    ValueId rows = builder_.Weight(names.positions + ".weight", {spec_.positions_max + first, spec_.width});
    x = Add("embedding", x, builder_.Slice("positions", rows, 0, first, first + positions_));
  }
  return names.embedding_norm.empty() ? x : Norm(names.embedding_norm, x, spec_.width);
}

ValueId DecoderBlocks::Layer(size_t layer, ValueId x) {
  const DecoderNames& names = spec_.names;
  const std::string first = InLayer(layer, "attention.residual");
  const std::string second = InLayer(layer, "mlp.residual");
  auto attention = [&](ValueId y) { return NormIfAny(layer, names.attention_post_norm, Attention(layer, y)); };
  auto feed_forward = [&](ValueId y) { return NormIfAny(layer, names.mlp_post_norm, FeedForward(layer, y)); };
  auto norm1 = [&](ValueId y) { return NormIfAny(layer, names.attention_norm, y); };
  auto norm2 = [&](ValueId y) { return NormIfAny(layer, names.mlp_norm, y); };
  switch (spec_.residual) {
    case ResidualLayout::kSequential:
      x = Add(first, x, attention(norm1(x)));
      return Add(second, x, feed_forward(norm2(x)));
    case ResidualLayout::kNormAfter:
      x = norm1(Add(first, x, attention(x)));
      return norm2(Add(second, x, feed_forward(x)));
    case ResidualLayout::kFromNorm:
      x = norm1(x);
      x = norm2(Add(first, x, attention(x)));
      return Add(second, x, feed_forward(x));
    case ResidualLayout::kParallel:
    case ResidualLayout::kParallelTwoNorms:
      break;
  }
  ValueId normed = norm1(x);
  ValueId mixed = attention(normed);
  ValueId fed = feed_forward(spec_.residual == ResidualLayout::kParallel ? normed : norm2(x));
  return Add(second, Add(first, x, mixed), fed);
}

ValueId DecoderBlocks::Head(ValueId x) {
  const DecoderNames& names = spec_.names;
  if (!names.final_norm.empty()) x = Norm(names.final_norm, x, spec_.width);
  if (!names.project_out.empty()) x = Linear(names.project_out, x, spec_.embedding_width, false);
  const std::string& head = spec_.tied ? names.embedding : names.head;
  ValueId weight = builder_.Weight(head + ".weight", {spec_.vocabulary, spec_.embedding_width});
  std::optional<ValueId> bias;
  if (spec_.head_bias) bias = builder_.Weight(names.head + ".bias", {spec_.vocabulary});
  ValueId logits = builder_.MatMul("logits", x, weight, bias, {.transpose_b = true});
  return spec_.final_soft_cap == 0 ? logits : SoftCap("logits.cap", spec_.final_soft_cap, logits);
}

}  // namespace plumb
