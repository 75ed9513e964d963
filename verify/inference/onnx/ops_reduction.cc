// Reductions, places of extremes, running sums.
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

using R = ReduceFunction;
using F = UnaryFunction;

// The dimensions to reduce, from the second operand or the attribute. False when nothing is to be reduced.
bool FindAxes(Call& c, Axes& axes) {
  if (!c.Need(0)) return false;
  const size_t rank = c.in(0).rank();
  const std::vector<int64_t> given = c.has(1) ? c.e.Integers(c.in(1)) : c.Ints("axes");
  if (!c.e.ok()) return false;
  axes = given.empty() ? AllAxes(rank) : c.AxesOf(given, rank);
  if (!given.empty() || c.Int("noop_with_empty_axes", 0) == 0) return true;
  axes.clear();
  return true;
}

template <typename Work>
void ReduceBy(Call& c, Work work) {
  Axes axes;
  if (FindAxes(c, axes)) c.Out(work(c.in(0), axes, c.Int("keepdims", 1) != 0));
}

template <ReduceFunction function>
void Plain(Call& c) {
  ReduceBy(c, [&](const Value& x, const Axes& axes, bool keep) {
    if (x.type != ElementType::kBool) return c.e.Reduce(function, x, axes, keep);
    return c.e.Cast(x.type, c.e.Reduce(function, c.e.Cast(ElementType::kU8, x), axes, keep));
  });
}

void L1(Call& c) {
  ReduceBy(c, [&](const Value& x, const Axes& axes, bool keep) { return c.e.Sum(c.e.Unary(F::kAbs, x), axes, keep); });
}

void L2(Call& c) {
  ReduceBy(c, [&](const Value& x, const Axes& axes, bool keep) {
    Value wide = IsFloat(x.type) ? x : c.e.Cast(ElementType::kF64, x);
    return c.e.Cast(x.type, c.e.Unary(F::kSqrt, c.e.Sum(c.e.Mul(wide, wide), axes, keep)));
  });
}

void SumSquare(Call& c) {
  ReduceBy(c, [&](const Value& x, const Axes& axes, bool keep) { return c.e.Sum(c.e.Mul(x, x), axes, keep); });
}

void LogSum(Call& c) {
  ReduceBy(c, [&](const Value& x, const Axes& axes, bool keep) { return c.e.Unary(F::kLog, c.e.Sum(x, axes, keep)); });
}

// The largest is taken out first, so that nothing overflows.
void LogSumExp(Call& c) {
  ReduceBy(c, [&](const Value& x, const Axes& axes, bool keep) {
    Value most = c.e.Reduce(R::kMax, x, axes, true);
    Value finite = c.e.Where(c.e.Unary(F::kIsInf, most, 1, 1), c.e.Scalar(x.type, 0), most);
    Value sum = c.e.Sum(c.e.Unary(F::kExp, c.e.Sub(x, finite)), axes, true);
    Value result = c.e.Add(c.e.Unary(F::kLog, sum), finite);
    if (keep || !c.e.ok()) return result;
    Shape shape;
    std::vector<bool> gone(x.rank(), false);
    for (uint32_t axis : axes) gone[axis] = true;
    for (size_t i = 0; i < x.rank(); ++i) {
      if (!gone[i]) shape.push_back(x.shape[i]);
    }
    return c.e.Reshape(result, shape);
  });
}

template <bool smallest>
void ArgExtreme(Call& c) {
  if (!c.Need(0)) return;
  ArgReduceAttributes attributes = {.axis = c.AxisOf("axis", 0, c.in(0)),
                                    .smallest = smallest,
                                    .last = c.Int("select_last_index", 0) != 0,
                                    .keep = c.Int("keepdims", 1) != 0};
  c.Out(c.e.Append(OpKind::kArgReduce, {c.in(0)}, attributes));
}

void TopK(Call& c) {
  if (!c.Need(0)) return;
  const std::vector<int64_t> count = c.has(1) ? c.e.Integers(c.in(1)) : std::vector<int64_t>{c.Int("k", 1)};
  if (!c.e.ok()) return;
  if (count.size() != 1 || count[0] < 0) return (void)c.e.Fail("k is not one number of at least 0");
  TopKAttributes attributes = {.axis = c.AxisOf("axis", -1, c.in(0)),
                               .k = static_cast<uint64_t>(count[0]),
                               .smallest = c.Int("largest", 1) == 0};
  c.Out(0, c.e.Append(OpKind::kTopK, {c.in(0)}, attributes));
  attributes.places = true;
  c.Out(1, c.e.Append(OpKind::kTopK, {c.in(0)}, attributes));
}

void CumSum(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  const std::vector<int64_t> axis = c.e.Integers(c.in(1));
  if (!c.e.ok()) return;
  if (axis.size() != 1) return (void)c.e.Fail("the axis is not one number");
  const CumSumAttributes attributes = {.axis = c.Axis(axis[0], c.in(0).rank()),
                                       .exclusive = c.Int("exclusive", 0) != 0,
                                       .reverse = c.Int("reverse", 0) != 0};
  c.Out(c.e.Append(OpKind::kCumSum, {c.in(0)}, attributes));
}

constexpr OpEntry kOps[] = {
    {"ReduceSum", Plain<R::kSum>},
    {"ReduceMean", Plain<R::kMean>},
    {"ReduceMax", Plain<R::kMax>},
    {"ReduceMin", Plain<R::kMin>},
    {"ReduceProd", Plain<R::kProd>},
    {"ReduceL1", L1},
    {"ReduceL2", L2},
    {"ReduceSumSquare", SumSquare},
    {"ReduceLogSum", LogSum},
    {"ReduceLogSumExp", LogSumExp},
    {"ArgMax", ArgExtreme<false>},
    {"ArgMin", ArgExtreme<true>},
    {"TopK", TopK},
    {"CumSum", CumSum},
};

}  // namespace

std::span<const OpEntry> ReductionOps() { return kOps; }

}  // namespace plumb::onnx
