// Attention and rotary positions, as ONNX and com.microsoft define them.
#include <algorithm>
#include <cmath>
#include <limits>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

constexpr std::string_view kMicrosoft = "com.microsoft";

// How scores become shares.
struct Scoring {
  double scale = 1;
  double soft_cap = 0;
  bool causal = false;
  Value mask;  // Added to the scores; absent: none.
};

// [B, T, H * d] as [B, H, T, d].
Value SplitHeads(Call& c, const Value& x, uint64_t heads) {
  if (x.rank() != 3 || heads == 0 || x.shape[2] % heads != 0) return c.e.Fail("a width does not divide into heads");
  return c.e.Swap(c.e.Reshape(x, {x.shape[0], x.shape[1], heads, x.shape[2] / heads}), 1, 2);
}

Value JoinHeads(Call& c, const Value& x) {
  if (x.rank() != 4) return x;
  return c.e.Reshape(c.e.Swap(x, 1, 2), {x.shape[0], x.shape[2], x.shape[1] * x.shape[3]});
}

// Keys and values of G heads for H, each used by H / G neighbours.
Value Repeat(Call& c, const Value& x, uint64_t heads) {
  if (x.rank() != 4 || x.shape[1] == 0 || heads % x.shape[1] != 0) return c.e.Fail("heads do not share keys evenly");
  if (x.shape[1] == heads) return x;
  const Shape& s = x.shape;
  Value apart = c.e.Reshape(x, {s[0], s[1], 1, s[2], s[3]});
  return c.e.Reshape(c.e.Expand(apart, {s[0], s[1], heads / s[1], s[2], s[3]}), {s[0], heads, s[2], s[3]});
}

// q [B, H, T, d], k [B, G, S, d], v [B, G, S, e] -> [B, H, T, e].
Value Attend(Call& c, const Value& q, const Value& k, const Value& v, const Scoring& scoring) {
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4) return c.e.Fail("attention's operands do not fit");
  Value keys = c.e.Swap(Repeat(c, k, q.shape[1]), 2, 3);
  Value scores = c.e.Mul(c.e.MatMul(q, keys), scoring.scale);
  if (scoring.mask.present) scores = c.e.Add(scores, c.e.Cast(scores.type, scoring.mask));
  if (scoring.soft_cap != 0) {
    scores = c.e.Mul(c.e.Unary(UnaryFunction::kTanh, c.e.Div(scores, scoring.soft_cap)), scoring.soft_cap);
  }
  if (scoring.causal) scores = c.e.Append(OpKind::kCausalMask, {scores}, CausalMaskAttributes{});
  return c.e.MatMul(c.e.Softmax(scores), Repeat(c, v, q.shape[1]));
}

// `mask` (1: seen) as what is added to scores.
Value AddedMask(Call& c, const Value& mask, ElementType type, double filter) {
  Value seen = c.e.Cast(type, mask);
  return c.e.Mul(c.e.Sub(c.e.Scalar(type, 1), seen), filter);
}

// com.microsoft.Attention's mask: of all keys of a sequence, of each query and key, or how many keys there are.
Value ReadMask(Call& c, const Value& mask, uint64_t batch, uint64_t keys, double filter) {
  const ElementType type = c.in(0).type;
  if (mask.rank() == 2 && mask.shape == Shape{batch, keys}) {
    return c.e.Reshape(AddedMask(c, mask, type, filter), {batch, 1, 1, keys});
  }
  if (mask.rank() == 3) {
    return c.e.Reshape(AddedMask(c, mask, type, filter), {mask.shape[0], 1, mask.shape[1], mask.shape[2]});
  }
  if (mask.shape != Shape{batch} || keys > 1u << 20) return c.e.Unsupported("a mask of this shape");
  std::vector<int64_t> places(keys);
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
  Value ends = c.e.Reshape(c.e.Cast(ElementType::kI64, mask), {batch, 1});
  Value seen = c.e.Less(c.e.Indices(places), ends);
  return c.e.Reshape(AddedMask(c, seen, type, filter), {batch, 1, 1, keys});
}

// `mask` with the lowest number for keys after each query. Their scores end there whether they are masked or not, so
// that a query whose own keys are all masked sees every key alike, as ONNX Runtime has it.
Value MaskFuture(Call& c, const Value& mask, uint64_t queries, uint64_t keys) {
  if (queries > 1u << 16 || keys > 1u << 16) return c.e.Unsupported("more than 65,536 positions");
  std::vector<int64_t> rows(queries);
  std::vector<int64_t> columns(keys);
  for (size_t i = 0; i < queries; ++i) rows[i] = static_cast<int64_t>(i + keys - queries);
  for (size_t i = 0; i < keys; ++i) columns[i] = static_cast<int64_t>(i);
  Value future = c.e.Less(c.e.List<int64_t>(rows, {queries, 1}), c.e.Indices(columns));
  return c.e.Where(future, c.e.Scalar(mask.type, std::numeric_limits<float>::lowest()), mask);
}

uint64_t HeadsOf(Call& c, std::string_view name, int64_t otherwise = 0) {
  return static_cast<uint64_t>(std::clamp<int64_t>(c.Int(name, otherwise), 0, 1 << 20));
}

void MicrosoftAttention(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 2)) return;
  const Value& x = c.in(0);
  const uint64_t heads = HeadsOf(c, "num_heads");
  if (x.rank() != 3 || heads == 0) return (void)c.e.Fail("the operand is not [batch, positions, width]");
  Value joined = c.e.MatMul(x, c.in(1));
  if (c.has(2)) joined = c.e.Add(joined, c.in(2));
  std::vector<int64_t> sizes = c.Ints("qkv_hidden_sizes");
  const auto width = static_cast<int64_t>(joined.dim(2));
  if (sizes.size() != 3) sizes.assign(3, width / 3);
  if (!c.e.ok() || sizes[0] <= 0 || sizes[0] + sizes[1] + sizes[2] != width) return (void)c.e.Fail("widths do not fit");
  if (c.Int("do_rotary", 0) != 0 || c.has(6)) return (void)c.e.Unsupported("rotary positions, or a shared past");
  Value q = SplitHeads(c, c.e.Slice(joined, 2, 0, sizes[0]), heads);
  Value k = SplitHeads(c, c.e.Slice(joined, 2, sizes[0], sizes[0] + sizes[1]), heads);
  Value v = SplitHeads(c, c.e.Slice(joined, 2, sizes[0] + sizes[1], width), heads);
  if (c.has(4)) {
    if (!c.Need(4, 5)) return;
    k = c.e.Concat(2, {c.e.At(c.in(4), 0, 0), k});
    v = c.e.Concat(2, {c.e.At(c.in(4), 0, 1), v});
  }
  if (!c.e.ok()) return;
  Scoring scoring = {.causal = c.Int("unidirectional", 0) != 0};
  scoring.scale = c.Float("scale", 0);
  if (scoring.scale == 0) scoring.scale = 1 / std::sqrt(static_cast<double>(q.dim(3)));
  if (c.has(3)) scoring.mask = ReadMask(c, c.in(3), x.shape[0], k.dim(2), c.Float("mask_filter_value", -10000));
  if (scoring.causal && scoring.mask.present) {
    scoring.mask = MaskFuture(c, scoring.mask, q.dim(2), k.dim(2));
    scoring.causal = false;
  }
  if (c.has(5)) scoring.mask = scoring.mask.present ? c.e.Add(scoring.mask, c.in(5)) : c.in(5);
  c.Out(0, JoinHeads(c, Attend(c, q, k, v, scoring)));
  if (!c.wants(1) || !c.e.ok()) return;
  auto one = [&](const Value& part) {
    Shape shape = part.shape;
    shape.insert(shape.begin(), 1);
    return c.e.Reshape(part, shape);
  };
  c.Out(1, c.e.Concat(0, {one(k), one(v)}));
}

void MultiHeadAttention(Call& c) {
  if (!c.Need(0, 3)) return;
  const uint64_t heads = HeadsOf(c, "num_heads");
  if (!c.has(1) || !c.has(2) || c.has(8)) return (void)c.e.Unsupported("packed keys and values");
  auto part = [&](size_t i, int64_t begin, int64_t width) {
    Value x = c.in(i);
    if (c.has(3) && x.rank() == 3) x = c.e.Add(x, c.e.Slice(c.in(3), 0, begin, begin + width));
    return x.rank() == 4 ? x : SplitHeads(c, x, heads);
  };
  const auto q_width = static_cast<int64_t>(c.in(0).dim(2));
  const auto v_width = static_cast<int64_t>(c.in(2).dim(2));
  Value q = part(0, 0, q_width);
  Value k = part(1, q_width, q_width);
  Value v = part(2, 2 * q_width, v_width);
  if (c.has(6)) k = c.e.Concat(2, {c.in(6), k});
  if (c.has(7)) v = c.e.Concat(2, {c.in(7), v});
  if (!c.e.ok()) return;
  Scoring scoring = {.causal = c.Int("unidirectional", 0) != 0};
  scoring.scale = c.Float("scale", 0);
  if (scoring.scale == 0) scoring.scale = 1 / std::sqrt(static_cast<double>(q.dim(3)));
  if (c.has(4)) scoring.mask = ReadMask(c, c.in(4), q.dim(0), k.dim(2), c.Float("mask_filter_value", -10000));
  if (c.has(5)) scoring.mask = scoring.mask.present ? c.e.Add(scoring.mask, c.in(5)) : c.in(5);
  c.Out(0, JoinHeads(c, Attend(c, q, k, v, scoring)));
  c.Out(1, k);
  c.Out(2, v);
}

// x [B, H, T, d] with the first dimensions of each head turned: cosines and sines [B or 1, 1, T, r / 2].
Value Rotate(Call& c, const Value& x, const Value& cosine, const Value& sine, bool interleaved) {
  if (x.rank() != 4 || cosine.rank() != 4) return c.e.Fail("rotary operands do not fit");
  const auto pairs = static_cast<int64_t>(cosine.shape[3]);
  const auto size = static_cast<int64_t>(x.shape[3]);
  if (pairs < 1 || 2 * pairs > size) return c.e.Fail("more dimensions are turned than a head has");
  Value turned = c.e.Slice(x, 3, 0, 2 * pairs);
  Value a = interleaved ? c.e.Slice(turned, 3, 0, 2 * pairs, 2) : c.e.Slice(turned, 3, 0, pairs);
  Value b = interleaved ? c.e.Slice(turned, 3, 1, 2 * pairs, 2) : c.e.Slice(turned, 3, pairs, 2 * pairs);
  Value first = c.e.Sub(c.e.Mul(a, cosine), c.e.Mul(b, sine));
  Value second = c.e.Add(c.e.Mul(b, cosine), c.e.Mul(a, sine));
  Value joined;
  if (interleaved && c.e.ok()) {
    Shape pair = first.shape;
    pair.push_back(1);
    joined = c.e.Concat(4, {c.e.Reshape(first, pair), c.e.Reshape(second, pair)});
    joined = c.e.Reshape(joined, turned.shape);
  } else {
    joined = c.e.Concat(3, {first, second});
  }
  return 2 * pairs == size ? joined : c.e.Concat(3, {joined, c.e.Slice(x, 3, 2 * pairs, size)});
}

// Rows of a cache of angles for positions [B, T], or [1] for the first of each sequence: [B, 1, T, r / 2].
Value AnglesFor(Call& c, const Value& cache, const Value& positions, uint64_t batch, uint64_t steps) {
  Value rows = cache;
  if (positions.present) {
    Value places = c.e.Cast(ElementType::kI64, positions);
    if (positions.count() == 1 && steps > 1 && steps < 1u << 20) {
      std::vector<int64_t> ramp(steps);
      for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<int64_t>(i);
      places = c.e.Add(c.e.Reshape(places, {1, 1}), c.e.Indices(ramp));
    }
    rows = c.e.Gather(cache, places, 0, false);
  }
  const uint64_t per_batch = rows.rank() == 3 ? rows.shape[0] : 1;
  if (rows.rank() < 2 || (per_batch != 1 && per_batch != batch)) return c.e.Fail("positions do not fit");
  return c.e.Reshape(rows, {per_batch, 1, rows.shape[rows.rank() - 2], rows.shape.back()});
}

// ONNX: x, cosines, sines, positions; com.microsoft: x, positions, cosines, sines.
void RotaryEmbedding(Call& c) {
  const bool microsoft = c.node.domain == kMicrosoft;
  const Value& positions = microsoft ? c.in(1) : c.in(3);
  const Value& cosine = microsoft ? c.in(2) : c.in(1);
  const Value& sine = microsoft ? c.in(3) : c.in(2);
  if (!c.Need(0, 3) || !cosine.present || !sine.present || cosine.rank() < 2) {
    return (void)c.e.Fail("operands are left out");
  }
  const Value& x = c.in(0);
  uint64_t heads = HeadsOf(c, "num_heads");
  if (heads == 0 && x.rank() == 3) heads = x.shape[2] / std::max<uint64_t>(2 * cosine.shape.back(), 1);
  Value parted = x.rank() == 4 ? x : SplitHeads(c, x, heads);
  if (!c.e.ok()) return;
  Value cosines = AnglesFor(c, cosine, positions, parted.dim(0), parted.dim(2));
  Value sines = AnglesFor(c, sine, positions, parted.dim(0), parted.dim(2));
  Value result = Rotate(c, parted, cosines, sines, c.Int("interleaved", 0) != 0);
  c.Out(x.rank() == 4 ? result : JoinHeads(c, result));
}

// com.microsoft.GroupQueryAttention, where the past holds exactly the keys before these: key and value heads are fewer
// than the queries', and positions turn before anything is remembered.
void GroupQueryAttention(Call& c) {
  if (!c.Need(0, 3)) return;
  const uint64_t heads = HeadsOf(c, "num_heads");
  const uint64_t groups = HeadsOf(c, "kv_num_heads");
  if (heads == 0 || groups == 0) return (void)c.e.Fail("the numbers of heads are not given");
  Value q = c.in(0);
  Value k = c.in(1);
  Value v = c.in(2);
  if (!k.present) {  // All three side by side.
    const auto size = static_cast<int64_t>(q.dim(2) / (heads + 2 * groups));
    const auto begin = static_cast<int64_t>(heads) * size;
    const auto width = static_cast<int64_t>(groups) * size;
    k = c.e.Slice(q, 2, begin, begin + width);
    v = c.e.Slice(q, 2, begin + width, begin + 2 * width);
    q = c.e.Slice(q, 2, 0, begin);
  }
  q = SplitHeads(c, q, heads);
  k = SplitHeads(c, k, groups);
  v = SplitHeads(c, v, groups);
  const auto past = static_cast<int64_t>(c.has(3) ? c.in(3).dim(2) : 0);
  const int64_t last = past + static_cast<int64_t>(q.dim(2)) - 1;
  for (int64_t end : c.has(5) ? c.e.Integers(c.in(5)) : std::vector<int64_t>()) {
    if (end != last) return (void)c.e.Unsupported("sequences of several lengths, or a past with room to spare");
  }
  if (c.Int("local_window_size", -1) >= 0) return (void)c.e.Unsupported("a local window");
  if (c.Int("do_rotary", 0) != 0 && c.Need(7, 2) && c.Need(8, 2)) {
    const bool interleaved = c.Int("rotary_interleaved", 0) != 0;
    Value cosine = AnglesFor(c, c.in(7), c.e.Indices({past}), q.dim(0), q.dim(2));
    Value sine = AnglesFor(c, c.in(8), c.e.Indices({past}), q.dim(0), q.dim(2));
    q = Rotate(c, q, cosine, sine, interleaved);
    k = Rotate(c, k, cosine, sine, interleaved);
  }
  if (past > 0) {
    k = c.e.Concat(2, {c.in(3), k});
    v = c.e.Concat(2, {c.in(4), v});
  }
  if (!c.e.ok()) return;
  Scoring scoring = {.soft_cap = c.Float("softcap", 0), .causal = true};
  scoring.scale = c.Float("scale", 0);
  if (scoring.scale == 0) scoring.scale = 1 / std::sqrt(static_cast<double>(q.dim(3)));
  c.Out(0, JoinHeads(c, Attend(c, q, k, v, scoring)));
  c.Out(1, k);
  c.Out(2, v);
}

// ai.onnx Attention (operator set 23).
void Attention(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3) || !c.Need(2, 3)) return;
  const bool flat = c.in(0).rank() == 3;
  const uint64_t heads = flat ? HeadsOf(c, "q_num_heads") : c.in(0).dim(1);
  const uint64_t groups = flat ? HeadsOf(c, "kv_num_heads") : c.in(1).dim(1);
  auto part = [&](size_t i, uint64_t count) { return flat ? SplitHeads(c, c.in(i), count) : c.in(i); };
  Value q = part(0, heads);
  Value k = part(1, groups);
  Value v = part(2, groups);
  if (c.has(4)) k = c.e.Concat(2, {c.in(4), k});
  if (c.has(5)) v = c.e.Concat(2, {c.in(5), v});
  if (!c.e.ok()) return;
  Scoring scoring = {.soft_cap = c.Float("softcap", 0), .causal = c.Int("is_causal", 0) != 0};
  scoring.scale = c.Float("scale", 1 / std::sqrt(static_cast<double>(q.dim(3))));
  if (c.has(3)) {
    const Value& mask = c.in(3);
    scoring.mask =
        mask.type != ElementType::kBool ? mask : c.e.Where(mask, c.e.Scalar(q.type, 0), c.e.Scalar(q.type, -HUGE_VAL));
  }
  Value result = Attend(c, q, k, v, scoring);
  c.Out(0, flat ? JoinHeads(c, result) : result);
  c.Out(1, k);
  c.Out(2, v);
}

constexpr OpEntry kOps[] = {
    {"Attention", MicrosoftAttention, kMicrosoft},
    {"MultiHeadAttention", MultiHeadAttention, kMicrosoft},
    {"RotaryEmbedding", RotaryEmbedding, kMicrosoft},
    {"RotaryEmbedding", RotaryEmbedding},
    {"Attention", Attention},
    {"GroupQueryAttention", GroupQueryAttention, kMicrosoft},
};

}  // namespace

std::span<const OpEntry> AttentionOps() { return kOps; }

}  // namespace plumb::onnx
