// Softmax and its kin.
#include <algorithm>

#include "verify/inference/onnx/normalize.h"

namespace plumb::onnx {

Value LogSoftmaxAlong(Emitter& e, const Value& x, uint32_t axis) {
  Value most = e.Reduce(ReduceFunction::kMax, x, {axis});
  Value shifted = e.Sub(x, most);
  Value sum = e.Sum(e.Unary(UnaryFunction::kExp, shifted), {axis});
  return e.Sub(shifted, e.Unary(UnaryFunction::kLog, sum));
}

Value SoftmaxAlong(Emitter& e, const Value& x, uint32_t axis) {
  if (axis + 1 == x.rank()) return e.Softmax(x);
  const auto last = static_cast<uint32_t>(x.rank() - 1);
  return e.Swap(e.Softmax(e.Swap(x, axis, last)), axis, last);
}

namespace {

Value HardmaxAlong(Emitter& e, const Value& x, uint32_t axis) {
  Value best = e.Append(OpKind::kArgReduce, {x}, ArgReduceAttributes{.axis = axis, .keep = true});
  if (!e.ok()) return best;
  constexpr uint64_t kSizeMax = 1u << 24;
  if (x.shape[axis] > kSizeMax) return e.Fail("the dimension is too large");
  std::vector<int64_t> places(x.shape[axis]);
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
  Shape shape(x.rank() - axis, 1);
  shape[0] = places.size();
  return e.Cast(x.type, e.Equal(best, e.List<int64_t>(places, shape)));
}

// Before operator set 13 all dimensions from `axis` (1 unless given) on count as one.
template <Value (*along)(Emitter&, const Value&, uint32_t)>
void Along(Call& c) {
  if (!c.Need(0, 1)) return;
  const Value& x = c.in(0);
  if (c.version >= 13) {
    const uint32_t axis = c.AxisOf("axis", -1, x);
    if (c.e.ok()) c.Out(along(c.e, x, axis));
    return;
  }
  const int64_t given = c.Int("axis", 1);
  const auto rank = static_cast<int64_t>(x.rank());
  if (given < -rank || given > rank) return (void)c.e.Fail("`axis` lies outside");
  const auto cut = static_cast<size_t>(given < 0 ? given + rank : given);
  Value flat = c.e.Reshape(x, {Product(x.shape, 0, cut), Product(x.shape, cut, x.rank())});
  c.Out(c.e.Reshape(along(c.e, flat, 1), x.shape));
}

constexpr OpEntry kOps[] = {
    {"Softmax", Along<SoftmaxAlong>}, {"LogSoftmax", Along<LogSoftmaxAlong>}, {"Hardmax", Along<HardmaxAlong>}};

}  // namespace

std::span<const OpEntry> SoftmaxOps() { return kOps; }

}  // namespace plumb::onnx
