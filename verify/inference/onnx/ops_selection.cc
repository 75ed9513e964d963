// Operators whose results' sizes depend on values: the values are computed, and the choice becomes part of the graph.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

void NonZero(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  const std::vector<double> numbers = c.e.Numbers(x);
  if (!c.e.ok()) return;
  const size_t rank = std::max<size_t>(x.rank(), 1);
  const Shape shape = x.rank() == 0 ? Shape{1} : x.shape;
  std::vector<std::vector<int64_t>> places(rank);
  for (uint64_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] == 0) continue;
    uint64_t rest = i;
    for (size_t d = rank; d-- > 0; rest /= shape[d]) places[d].push_back(static_cast<int64_t>(rest % shape[d]));
  }
  std::vector<int64_t> all;
  for (const std::vector<int64_t>& each : places) all.insert(all.end(), each.begin(), each.end());
  c.Out(c.e.List<int64_t>(all, {rank, places[0].size()}));
}

void Compress(Call& c) {
  if (!c.Need(0) || !c.Need(1, 1)) return;
  Value x = c.in(0);
  const std::vector<int64_t> condition = c.e.Integers(c.in(1));
  const bool flat = c.Attribute("axis") == nullptr;
  if (flat) x = c.e.Reshape(x, {x.count()});
  const uint32_t axis = flat ? 0 : c.AxisOf("axis", 0, x);
  if (!c.e.ok()) return;
  std::vector<int64_t> chosen;
  for (size_t i = 0; i < condition.size() && i < x.dim(axis); ++i) {
    if (condition[i] != 0) chosen.push_back(static_cast<int64_t>(i));
  }
  c.Out(c.e.Gather(x, c.e.Indices(chosen), axis));
}

// Slices of a tensor along one dimension, compared as wholes.
struct Slices {
  uint64_t count = 0;
  std::vector<std::vector<double>> rows;
};

Slices SplitAlong(const std::vector<double>& numbers, const Shape& shape, uint32_t axis) {
  Slices slices = {.count = shape[axis]};
  slices.rows.resize(slices.count);
  const uint64_t inner = Product(shape, axis + 1, shape.size());
  for (uint64_t i = 0; i < numbers.size(); ++i) slices.rows[i / inner % slices.count].push_back(numbers[i]);
  return slices;
}

void Unique(Call& c) {
  if (!c.Need(0)) return;
  Value x = c.in(0);
  const bool flat = c.Attribute("axis") == nullptr;
  if (flat) x = c.e.Reshape(x, {x.count()});
  const uint32_t axis = flat ? 0 : c.AxisOf("axis", 0, x);
  const std::vector<double> numbers = c.e.Numbers(x);
  if (!c.e.ok()) return;
  const Slices slices = SplitAlong(numbers, x.shape, axis);
  std::map<std::vector<double>, size_t> groups;
  std::vector<int64_t> first, counts;
  std::vector<size_t> group_of;
  for (uint64_t i = 0; i < slices.count; ++i) {
    auto [found, added] = groups.try_emplace(slices.rows[i], first.size());
    if (added) {
      first.push_back(static_cast<int64_t>(i));
      counts.push_back(0);
    }
    ++counts[found->second];
    group_of.push_back(found->second);
  }
  std::vector<size_t> order(first.size());
  std::iota(order.begin(), order.end(), 0);
  if (c.Int("sorted", 1) != 0) {
    order.clear();
    for (const auto& [row, group] : groups) order.push_back(group);
  }
  std::vector<int64_t> place(first.size()), indices, inverse, sorted_counts;
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<int64_t>(i);
    indices.push_back(first[order[i]]);
    sorted_counts.push_back(counts[order[i]]);
  }
  for (size_t group : group_of) inverse.push_back(place[group]);
  c.Out(0, c.e.Gather(x, c.e.Indices(indices), axis));
  c.Out(1, c.e.Indices(indices));
  c.Out(2, c.e.Indices(inverse));
  c.Out(3, c.e.Indices(sorted_counts));
}

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

Box ReadBox(const double* at, bool centred) {
  if (centred) return {at[1] - at[3] / 2, at[0] - at[2] / 2, at[1] + at[3] / 2, at[0] + at[2] / 2};
  return {std::min(at[0], at[2]), std::min(at[1], at[3]), std::max(at[0], at[2]), std::max(at[1], at[3])};
}

double Overlap(const Box& a, const Box& b) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (height <= 0 || width <= 0) return 0;
  const double shared = height * width;
  return shared / (a.area() + b.area() - shared);
}

// Boxes of one class in the order of their scores, each kept unless it overlaps one before it too much.
std::vector<size_t> Suppress(Emitter& e, const std::vector<Box>& boxes, std::span<const double> scores,
                             double score_least, double overlap_most, double count_most) {
  std::vector<size_t> order;
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (scores[i] > score_least) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  std::vector<size_t> kept;
  for (size_t i : order) {
    if (static_cast<double>(kept.size()) >= count_most) break;
    if (!e.Charge(0, static_cast<double>(kept.size()))) break;
    const bool free = std::none_of(kept.begin(), kept.end(),
                                   [&](size_t other) { return Overlap(boxes[i], boxes[other]) > overlap_most; });
    if (free) kept.push_back(i);
  }
  return kept;
}

void NonMaxSuppression(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3)) return;
  const Shape boxes_shape = c.in(0).shape;
  const Shape scores_shape = c.in(1).shape;
  const std::vector<double> boxes = c.e.Numbers(c.in(0));
  const std::vector<double> scores = c.e.Numbers(c.in(1));
  auto number = [&](size_t i, double otherwise) {
    const std::vector<double> given = c.has(i) ? c.e.Numbers(c.in(i)) : std::vector<double>();
    return given.empty() ? otherwise : given[0];
  };
  const double count_most = number(2, 0);
  const double overlap_most = number(3, 0);
  const double score_least = number(4, -HUGE_VAL);
  if (!c.e.ok()) return;
  const uint64_t count = boxes_shape[1];
  if (boxes_shape[2] != 4 || scores_shape[0] != boxes_shape[0] || scores_shape[2] != count) {
    return (void)c.e.Fail("boxes and scores do not fit");
  }
  std::vector<int64_t> chosen;
  for (uint64_t image = 0; image < boxes_shape[0]; ++image) {
    std::vector<Box> all;
    for (uint64_t i = 0; i < count; ++i) {
      all.push_back(ReadBox(boxes.data() + (image * count + i) * 4, c.Int("center_point_box", 0) != 0));
    }
    for (uint64_t kind = 0; kind < scores_shape[1]; ++kind) {
      const std::span<const double> row(scores.data() + (image * scores_shape[1] + kind) * count, count);
      for (size_t i : Suppress(c.e, all, row, score_least, overlap_most, count_most)) {
        chosen.insert(chosen.end(), {static_cast<int64_t>(image), static_cast<int64_t>(kind), static_cast<int64_t>(i)});
      }
    }
  }
  c.Out(c.e.List<int64_t>(chosen, {chosen.size() / 3, 3}));
}

constexpr OpEntry kOps[] = {
    {"NonZero", NonZero}, {"Compress", Compress}, {"Unique", Unique}, {"NonMaxSuppression", NonMaxSuppression}};

}  // namespace

std::span<const OpEntry> SelectionOps() { return kOps; }

}  // namespace plumb::onnx
