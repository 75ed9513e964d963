#include <cmath>

#include "verify/inference/architectures/decoder_blocks.h"

namespace plumb {
namespace {

// Slopes fall geometrically; a number of heads that is no power of two takes every other one of the next power's.
std::vector<float> AlibiSlopes(uint64_t heads) {
  uint64_t power = 1;
  while (2 * power <= heads) power *= 2;
  std::vector<float> slopes;
  auto slope = [](uint64_t of, uint64_t i) {
    const auto base = static_cast<float>(std::exp2(-8.0 / static_cast<double>(of)));
    return std::pow(base, static_cast<float>(i));
  };
  for (uint64_t i = 1; i <= power; ++i) slopes.push_back(slope(power, i));
  for (uint64_t i = 1; slopes.size() < heads; i += 2) slopes.push_back(slope(2 * power, i));
  return slopes;
}

}  // namespace

ValueId DecoderBlocks::AlibiMask() {
  if (alibi_) return *alibi_;
  std::vector<float> places;
  for (uint64_t i = 0; i < positions_; ++i) places.push_back(static_cast<float>(i));
  ValueId slopes = builder_.Constant(
      "alibi.slopes", TensorValue::Of<float>({1, spec_.heads, 1, 1}, std::span<const float>(AlibiSlopes(spec_.heads))));
  ValueId keys =
      builder_.Constant("alibi.places", TensorValue::Of<float>({1, 1, 1, positions_}, std::span<const float>(places)));
  auto round = [&](const std::string& name, ValueId x) {
    if (!spec_.alibi->round_to_bf16) return x;
    return builder_.Cast(name + ".f32", ElementType::kF32, builder_.Cast(name, ElementType::kBF16, x));
  };
  ValueId mask = builder_.Binary("alibi", BinaryFunction::kMul, round("alibi.slopes.bf16", slopes),
                                 round("alibi.places.bf16", keys));
  mask = round("alibi.bf16", mask);
  if (spec_.alibi->scaled) mask = builder_.Scale("alibi.scaled", spec_.attention_scale, mask);
  alibi_ = mask;
  return mask;
}

DecoderBlocks::Heads DecoderBlocks::SplitByGroup(const std::string& name, ValueId qkv) {
  const uint64_t sharing = spec_.heads / spec_.kv_heads;
  const uint64_t d = spec_.head_size;
  ValueId groups = builder_.Reshape(name + ".groups", qkv, {sequences_, positions_, spec_.kv_heads, sharing + 2, d});
  auto part = [&](const std::string& suffix, uint64_t begin, uint64_t end) {
    ValueId cut = builder_.Slice(name + suffix + ".cut", groups, 3, begin, end);
    return builder_.Reshape(name + suffix, cut, {sequences_, positions_, spec_.kv_heads * (end - begin) * d});
  };
  return {part(".q", 0, sharing), part(".k", sharing, sharing + 1), part(".v", sharing + 1, sharing + 2)};
}

DecoderBlocks::Heads DecoderBlocks::Project(size_t layer, ValueId x) {
  const DecoderNames& names = spec_.names;
  const uint64_t q = spec_.heads * spec_.head_size;
  const uint64_t kv = spec_.kv_heads * spec_.head_size;
  if (spec_.qkv == QkvLayout::kSeparate) {
    return {Linear(InLayer(layer, names.q), x, q, spec_.qkv_bias),
            Linear(InLayer(layer, names.k), x, kv, spec_.qkv_bias),
            Linear(InLayer(layer, names.v), x, kv, spec_.qkv_bias)};
  }
  const std::string name = InLayer(layer, names.qkv);
  ValueId all = Linear(name, x, q + 2 * kv, spec_.qkv_bias);
  if (spec_.qkv == QkvLayout::kByGroup) return SplitByGroup(name, all);
  return {builder_.Slice(name + ".q", all, 2, 0, q), builder_.Slice(name + ".k", all, 2, q, q + kv),
          builder_.Slice(name + ".v", all, 2, q + kv, q + 2 * kv)};
}

ValueId DecoderBlocks::NormHeads(const std::string& name, ValueId x, uint64_t heads) {
  ValueId parted = builder_.Reshape(name + ".heads", x, {sequences_, positions_, heads, spec_.head_size});
  ValueId normed = Norm(name, parted, spec_.head_size);
  return builder_.Reshape(name + ".joined", normed, {sequences_, positions_, heads * spec_.head_size});
}

ValueId DecoderBlocks::Attention(size_t layer, ValueId x) {
  const DecoderNames& names = spec_.names;
  const LayerSpec& own = spec_.layers[layer];
  Heads heads = Project(layer, x);
  if (!names.q_norm.empty()) heads.q = NormHeads(InLayer(layer, names.q_norm), heads.q, spec_.heads);
  if (!names.k_norm.empty()) heads.k = NormHeads(InLayer(layer, names.k_norm), heads.k, spec_.kv_heads);
  if (!ropes_.empty()) {
    heads.q = builder_.Rope(InLayer(layer, "attention.q.rope"), heads.q, ropes_[own.rope]);
    heads.k = builder_.Rope(InLayer(layer, "attention.k.rope"), heads.k, ropes_[own.rope]);
  }
  std::optional<ValueId> mask;
  if (spec_.alibi) mask = AlibiMask();
  ValueId mixed = builder_.Attention(InLayer(layer, "attention"), heads.q, heads.k, heads.v,
                                     {.heads = spec_.heads,
                                      .kv_heads = spec_.kv_heads,
                                      .scale = spec_.attention_scale,
                                      .causal = true,
                                      .window = own.window,
                                      .soft_cap = spec_.attention_soft_cap},
                                     mask);
  return Linear(InLayer(layer, names.out), mixed, spec_.width, spec_.out_bias);
}

}  // namespace plumb
