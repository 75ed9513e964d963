#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "verify/inference/backends/reference/functions.h"
#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/strides.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

// What a reduction starts from: its result for nothing.
template <typename T>
Wide<T> Neutral(ReduceFunction function) {
  using W = Wide<T>;
  switch (function) {
    case ReduceFunction::kProd:
      return W{1};
    case ReduceFunction::kMax:
      if constexpr (kIsFloatStorage<T>)
        return -std::numeric_limits<double>::infinity();
      else
        return static_cast<W>(std::numeric_limits<T>::min());
    case ReduceFunction::kMin:
      if constexpr (kIsFloatStorage<T>)
        return std::numeric_limits<double>::infinity();
      else
        return static_cast<W>(std::numeric_limits<T>::max());
    default:
      return W{0};
  }
}

template <typename T>
Wide<T> Join(ReduceFunction function, Wide<T> a, Wide<T> b) {
  const BinaryFunction functions[] = {BinaryFunction::kAdd, BinaryFunction::kAdd, BinaryFunction::kMax,
                                      BinaryFunction::kMin, BinaryFunction::kMul};
  if constexpr (kIsFloatStorage<T>) {
    if (function == ReduceFunction::kSum || function == ReduceFunction::kMean) return a + b;
    return ApplyBinary(functions[static_cast<size_t>(function)], a, b);
  } else {
    return ApplyBinaryInteger(functions[static_cast<size_t>(function)], a, b, 64);
  }
}

// Visits the `size` elements of each line along `axis`: line(first, stride, number of the line).
template <typename Line>
void ForEachLine(const Shape& shape, uint32_t axis, Line line) {
  const uint64_t inner = InnerCount(shape, axis);
  const uint64_t outer = OuterCount(shape, axis);
  for (uint64_t o = 0; o < outer; ++o) {
    for (uint64_t i = 0; i < inner; ++i) line(o * shape[axis] * inner + i, inner, o * inner + i);
  }
}

// True when a stands before b: larger (or smaller) first, NaN before all, ties by place.
template <typename T>
bool Precedes(Wide<T> a, Wide<T> b, bool smallest) {
  if constexpr (kIsFloatStorage<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  }
  return smallest ? a < b : a > b;
}

// Partial sums of the result, added up in the operand's order.
template <typename T>
void ReduceAs(const ReduceAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  std::span<const T> x = ElementsOf<T>(operands[0].view);
  T* out = reinterpret_cast<T*>(output.bytes.data());
  const uint64_t results = output.bytes.size() / sizeof(T);
  std::vector<Wide<T>> sums(results, Neutral<T>(attributes.function));
  Shape kept = from;
  for (uint32_t axis : attributes.axes) kept[axis] = 1;
  const std::vector<uint64_t> strides = BroadcastStrides(kept, from);
  const uint64_t inner = from.empty() ? 1 : from.back();
  const uint64_t step = from.empty() ? 0 : strides.back();
  std::vector<uint64_t> index(from.size(), 0);
  uint64_t target = 0;
  for (uint64_t done = 0; done < x.size(); done += inner) {
    if (step == 0) {
      Wide<T> sum = sums[target];
      for (uint64_t i = 0; i < inner; ++i) sum = Join<T>(attributes.function, sum, static_cast<Wide<T>>(x[done + i]));
      sums[target] = sum;
    } else {
      for (uint64_t i = 0; i < inner; ++i) {
        sums[target + i] = Join<T>(attributes.function, sums[target + i], static_cast<Wide<T>>(x[done + i]));
      }
    }
    for (size_t d = from.empty() ? 0 : from.size() - 1; d-- > 0;) {
      target += strides[d];
      if (++index[d] < from[d]) break;
      target -= strides[d] * from[d];
      index[d] = 0;
    }
  }
  const uint64_t count = results == 0 ? 0 : x.size() / results;
  for (uint64_t i = 0; i < results; ++i) {
    if (attributes.function == ReduceFunction::kMean) {
      if constexpr (kIsFloatStorage<T>) {
        sums[i] /= static_cast<double>(count);
      } else {
        sums[i] = count == 0 ? 0 : sums[i] / static_cast<Wide<T>>(count);
      }
    }
    out[i] = static_cast<T>(sums[i]);
  }
}

}  // namespace

void Reduce(const ReduceAttributes& attributes, Operands operands, HostOutput output) {
  VisitType(output.type, [&]<typename T>(Tag<T>) { ReduceAs<T>(attributes, operands, output); });
}

void ArgReduce(const ArgReduceAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  VisitType(operands[0].view.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    ForEachLine(from, attributes.axis, [&](uint64_t first, uint64_t stride, uint64_t line) {
      uint64_t best = 0;
      for (uint64_t i = 1; i < from[attributes.axis]; ++i) {
        const auto value = static_cast<Wide<T>>(x[first + i * stride]);
        const auto most = static_cast<Wide<T>>(x[first + best * stride]);
        const bool better = Precedes<T>(value, most, attributes.smallest) ||
                            (attributes.last && !Precedes<T>(most, value, attributes.smallest));
        if (better) best = i;
      }
      output.As<int64_t>()[line] = static_cast<int64_t>(best);
    });
  });
}

void CumSum(const CumSumAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  const uint64_t size = from[attributes.axis];
  VisitType(output.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    T* out = reinterpret_cast<T*>(output.bytes.data());
    ForEachLine(from, attributes.axis, [&](uint64_t first, uint64_t stride, uint64_t) {
      Wide<T> sum = 0;
      for (uint64_t i = 0; i < size; ++i) {
        const uint64_t at = first + (attributes.reverse ? size - 1 - i : i) * stride;
        if (attributes.exclusive) out[at] = static_cast<T>(sum);
        sum = Join<T>(ReduceFunction::kSum, sum, static_cast<Wide<T>>(x[at]));
        if (!attributes.exclusive) out[at] = static_cast<T>(sum);
      }
    });
  });
}

void TopK(const TopKAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  std::vector<uint64_t> order(from[attributes.axis]);
  const uint64_t inner = InnerCount(from, attributes.axis);
  VisitType(operands[0].view.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    ForEachLine(from, attributes.axis, [&](uint64_t first, uint64_t stride, uint64_t line) {
      std::iota(order.begin(), order.end(), 0);
      auto at = [&](uint64_t place) { return static_cast<Wide<T>>(x[first + place * stride]); };
      std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(attributes.k), order.end(),
                        [&](uint64_t a, uint64_t b) {
                          if (Precedes<T>(at(a), at(b), attributes.smallest)) return true;
                          return !Precedes<T>(at(b), at(a), attributes.smallest) && a < b;
                        });
      const uint64_t target = line / inner * attributes.k * inner + line % inner;
      for (uint64_t i = 0; i < attributes.k; ++i) {
        if (attributes.places) {
          output.As<int64_t>()[target + i * inner] = static_cast<int64_t>(order[i]);
        } else {
          reinterpret_cast<T*>(output.bytes.data())[target + i * inner] = x[first + order[i] * stride];
        }
      }
    });
  });
}

}  // namespace plumb::reference
