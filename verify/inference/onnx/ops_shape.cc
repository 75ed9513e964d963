// Operators that give the same elements another shape or order.
#include <algorithm>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

// The shape that Reshape asks for: 0 keeps a dimension (unless zeros are allowed), -1 takes what is left.
Shape Resolve(Call& c, const Value& x, const std::vector<int64_t>& wanted, bool zeros) {
  Shape shape;
  size_t open = wanted.size();
  uint64_t known = 1;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] < -1 || (wanted[i] == 0 && !zeros && i >= x.rank()) || (wanted[i] == -1 && open < wanted.size())) {
      c.e.Fail(fmt::format("cannot make a dimension of {}", wanted[i]));
      return {};
    }
    if (wanted[i] == -1) open = i;
    const uint64_t size = wanted[i] == -1            ? 1
                          : wanted[i] == 0 && !zeros ? x.shape[i]
                                                     : static_cast<uint64_t>(wanted[i]);
    shape.push_back(size);
  }
  known = ElementCount(shape).value_or(0);
  if (open < wanted.size()) shape[open] = known == 0 ? 0 : x.count() / known;
  return shape;
}

void Reshape(Call& c) {
  if (!c.Need(0)) return;
  const std::vector<int64_t> wanted = c.has(1) ? c.e.Integers(c.in(1)) : c.Ints("shape");
  if (c.e.ok()) c.Out(c.e.Reshape(c.in(0), Resolve(c, c.in(0), wanted, c.Int("allowzero", 0) != 0)));
}

void Flatten(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  const int64_t axis = c.Int("axis", 1);
  const auto rank = static_cast<int64_t>(x.rank());
  if (axis < -rank || axis > rank) return (void)c.e.Fail("`axis` lies outside");
  const auto cut = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  c.Out(c.e.Reshape(x, {Product(x.shape, 0, cut), Product(x.shape, cut, x.rank())}));
}

void Squeeze(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  const std::vector<int64_t> given = c.has(1) ? c.e.Integers(c.in(1)) : c.Ints("axes");
  const Axes axes = c.AxesOf(given, x.rank());
  if (!c.e.ok()) return;
  Shape shape;
  for (uint32_t i = 0; i < x.rank(); ++i) {
    const bool named = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (named && x.shape[i] != 1) return (void)c.e.Fail(fmt::format("dimension {} is not 1", i));
    if (!named && (!given.empty() || x.shape[i] != 1)) shape.push_back(x.shape[i]);
  }
  c.Out(c.e.Reshape(x, shape));
}

void Unsqueeze(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  const std::vector<int64_t> given = c.has(1) ? c.e.Integers(c.in(1)) : c.Ints("axes");
  const size_t rank = x.rank() + given.size();
  const Axes axes = c.AxesOf(given, rank);
  if (!c.e.ok()) return;
  Shape shape;
  size_t next = 0;
  for (uint32_t i = 0; i < rank; ++i) {
    const bool named = std::find(axes.begin(), axes.end(), i) != axes.end();
    shape.push_back(named ? 1 : x.shape[next++]);
  }
  c.Out(c.e.Reshape(x, shape));
}

void Transpose(Call& c) {
  if (!c.Need(0)) return;
  const std::vector<int64_t> given = c.Ints("perm");
  Axes permutation;
  for (int64_t axis : given) permutation.push_back(c.Axis(axis, c.in(0).rank()));
  if (given.empty()) {
    permutation = AllAxes(c.in(0).rank());
    std::reverse(permutation.begin(), permutation.end());
  }
  if (c.e.ok()) c.Out(c.e.Transpose(c.in(0), permutation));
}

void Expand(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  Shape wanted;
  for (int64_t size : c.e.Integers(c.in(1))) {
    if (size < 0) return (void)c.e.Fail("a dimension is negative");
    wanted.push_back(static_cast<uint64_t>(size));
  }
  if (!c.e.ok()) return;
  // Either side's dimensions of 1 broadcast.
  const Node a = {.shape = c.in(0).shape};
  const Node b = {.shape = wanted};
  const Node* pair[] = {&a, &b};
  absl::StatusOr<Shape> shape = InferShape(OpKind::kBinary, BinaryAttributes{}, pair);
  if (!shape.ok()) return c.e.SetStatus(shape.status());
  c.Out(c.e.Expand(c.in(0), *shape));
}

void Tile(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  Value x = c.in(0);
  const Shape from = x.shape;
  const std::vector<int64_t> repeats = c.e.Integers(c.in(1));
  if (!c.e.ok()) return;
  if (repeats.size() != from.size()) return (void)c.e.Fail("repeats are not given for each dimension");
  Shape apart, wide, joined;
  for (size_t i = 0; i < from.size(); ++i) {
    if (repeats[i] < 0) return (void)c.e.Fail("a repeat is negative");
    const auto count = static_cast<uint64_t>(repeats[i]);
    apart.insert(apart.end(), {1, from[i]});
    wide.insert(wide.end(), {count, from[i]});
    joined.push_back(from[i] == 0 || count < (uint64_t{1} << 42) ? from[i] * count : UINT64_MAX);
  }
  x = c.e.Expand(c.e.Reshape(x, apart), wide);
  c.Out(c.e.Reshape(x, joined));
}

void ShapeOf(Call& c) {
  if (!c.Need(0)) return;
  const auto rank = static_cast<int64_t>(c.in(0).rank());
  auto bound = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t begin = bound(c.Int("start", 0));
  const int64_t end = bound(c.Int("end", rank));
  std::vector<int64_t> sizes;
  for (int64_t i = begin; i < end; ++i) sizes.push_back(static_cast<int64_t>(c.in(0).shape[static_cast<size_t>(i)]));
  c.Out(c.e.Indices(sizes));
}

void Size(Call& c) {
  if (!c.Need(0)) return;
  c.Out(c.e.List<int64_t>({static_cast<int64_t>(c.in(0).count())}, {}));
}

// [B, C, H, W] <-> blocks of space in channels. `order` says how the six parts lie after reshaping.
void DepthToSpace(Call& c) {
  if (!c.Need(0, 4)) return;
  const Shape& s = c.in(0).shape;
  const auto block = static_cast<uint64_t>(c.Int("blocksize", 1));
  if (s.size() != 4 || block == 0 || block > 65536 || s[1] % (block * block) != 0) {
    return (void)c.e.Fail("channels do not divide into blocks");
  }
  const uint64_t depth = s[1] / (block * block);
  const bool crd = c.Text("mode", "DCR") == "CRD";
  Value x = crd ? c.e.Reshape(c.in(0), {s[0], depth, block, block, s[2], s[3]})
                : c.e.Reshape(c.in(0), {s[0], block, block, depth, s[2], s[3]});
  x = c.e.Transpose(x, crd ? Axes{0, 1, 4, 2, 5, 3} : Axes{0, 3, 4, 1, 5, 2});
  c.Out(c.e.Reshape(x, {s[0], depth, s[2] * block, s[3] * block}));
}

void SpaceToDepth(Call& c) {
  if (!c.Need(0, 4)) return;
  const Shape& s = c.in(0).shape;
  const auto block = static_cast<uint64_t>(c.Int("blocksize", 1));
  if (s.size() != 4 || block == 0 || block > 65536 || s[2] % block != 0 || s[3] % block != 0) {
    return (void)c.e.Fail("the image does not divide into blocks");
  }
  Value x = c.e.Reshape(c.in(0), {s[0], s[1], s[2] / block, block, s[3] / block, block});
  x = c.e.Transpose(x, {0, 3, 5, 1, 2, 4});
  c.Out(c.e.Reshape(x, {s[0], s[1] * block * block, s[2] / block, s[3] / block}));
}

constexpr OpEntry kOps[] = {
    {"Reshape", Reshape},
    {"Flatten", Flatten},
    {"Squeeze", Squeeze},
    {"Unsqueeze", Unsqueeze},
    {"Transpose", Transpose},
    {"Expand", Expand},
    {"Tile", Tile},
    {"Shape", ShapeOf},
    {"Size", Size},
    {"DepthToSpace", DepthToSpace},
    {"SpaceToDepth", SpaceToDepth},
};

}  // namespace

std::span<const OpEntry> ShapeOps() { return kOps; }

}  // namespace plumb::onnx
