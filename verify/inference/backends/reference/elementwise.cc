#include <algorithm>
#include <vector>

#include "verify/inference/backends/reference/functions.h"
#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/strides.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

// out[i] = function(x[i]) with elements of T computed in Wide<T>.
template <typename T, typename Out, typename Function>
void Map(const HostTensor& x, HostOutput output, Function function) {
  std::span<const T> from = ElementsOf<T>(x.view);
  Out* to = reinterpret_cast<Out*>(output.bytes.data());
  for (size_t i = 0; i < from.size(); ++i) to[i] = static_cast<Out>(function(static_cast<Wide<T>>(from[i])));
}

// Walks the result row by row of its last dimension and calls row(a, b, at) with where each operand's row begins.
template <typename Row>
void ForEachRow(const Shape& shape, const std::vector<std::vector<uint64_t>>& strides, uint64_t count, Row row) {
  std::vector<uint64_t> index(shape.size(), 0);
  std::vector<uint64_t> begin(strides.size(), 0);
  for (uint64_t done = 0; done < count; done += shape.back()) {
    row(begin, done);
    for (size_t d = shape.size() - 1; d-- > 0;) {
      for (size_t k = 0; k < strides.size(); ++k) begin[k] += strides[k][d];
      if (++index[d] < shape[d]) break;
      for (size_t k = 0; k < strides.size(); ++k) begin[k] -= strides[k][d] * shape[d];
      index[d] = 0;
    }
  }
}

template <typename T, typename Out, typename Function>
void Combine(Operands operands, HostOutput output, Function function) {
  const Shape shape = output.shape->empty() ? Shape{1} : *output.shape;
  const std::vector<std::vector<uint64_t>> strides = {BroadcastStrides(*operands[0].shape, shape),
                                                      BroadcastStrides(*operands[1].shape, shape)};
  const T* a = ElementsOf<T>(operands[0].view).data();
  const T* b = ElementsOf<T>(operands[1].view).data();
  Out* to = reinterpret_cast<Out*>(output.bytes.data());
  const uint64_t count = output.bytes.size() / sizeof(Out);
  const uint64_t a_step = strides[0].back();
  const uint64_t b_step = strides[1].back();
  ForEachRow(shape, strides, count, [&](const std::vector<uint64_t>& begin, uint64_t done) {
    for (uint64_t i = 0; i < shape.back(); ++i) {
      to[done + i] = static_cast<Out>(
          function(static_cast<Wide<T>>(a[begin[0] + i * a_step]), static_cast<Wide<T>>(b[begin[1] + i * b_step])));
    }
  });
}

bool GivesBool(BinaryFunction function) {
  return function == BinaryFunction::kEqual || function == BinaryFunction::kLess ||
         function == BinaryFunction::kLessOrEqual;
}

// Converts between any two element types.
template <typename From, typename To>
To Convert(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return static_cast<Wide<From>>(value) != 0;
  } else if constexpr (kIsFloatStorage<To>) {
    return static_cast<To>(static_cast<double>(static_cast<Wide<From>>(value)));
  } else if constexpr (kIsFloatStorage<From>) {
    const auto wide = static_cast<double>(value);
    if (std::isnan(wide)) return 0;
    // The limits of 64-bit integers are no doubles: the comparison is with the power of two past them.
    if (wide >= std::ldexp(1.0, std::numeric_limits<To>::digits)) return std::numeric_limits<To>::max();
    if (wide <= static_cast<double>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(wide);
  } else {
    return static_cast<To>(static_cast<Wide<From>>(value));
  }
}

}  // namespace

void Unary(const UnaryAttributes& attributes, Operands operands, HostOutput output) {
  VisitType(operands[0].view.type, [&]<typename T>(Tag<T>) {
    if constexpr (kIsFloatStorage<T>) {
      if (output.type == ElementType::kBool) {
        Map<T, bool>(operands[0], output, [&](double x) { return ApplyUnary(attributes, x) != 0; });
      } else {
        Map<T, T>(operands[0], output, [&](double x) { return ApplyUnary(attributes, x); });
      }
    } else {
      Map<T, T>(operands[0], output, [&](Wide<T> x) { return ApplyUnaryInteger(attributes.function, x); });
    }
  });
}

void Scale(const ScaleAttributes& attributes, Operands operands, HostOutput output) {
  VisitType(operands[0].view.type, [&]<typename T>(Tag<T>) {
    if constexpr (kIsFloatStorage<T>) {
      Map<T, T>(operands[0], output, [&](double x) { return attributes.factor * x; });
    }
  });
}

void Binary(const BinaryAttributes& attributes, Operands operands, HostOutput output) {
  const BinaryFunction function = attributes.function;
  VisitType(operands[0].view.type, [&]<typename T>(Tag<T>) {
    if (GivesBool(function)) {
      Combine<T, bool>(operands, output, [&](Wide<T> a, Wide<T> b) { return ApplyComparison(function, a, b); });
    } else if constexpr (kIsFloatStorage<T>) {
      if (function == BinaryFunction::kAdd) {
        Combine<T, T>(operands, output, [](double a, double b) { return a + b; });
      } else if (function == BinaryFunction::kMul) {
        Combine<T, T>(operands, output, [](double a, double b) { return a * b; });
      } else {
        Combine<T, T>(operands, output, [&](double a, double b) { return ApplyBinary(function, a, b); });
      }
    } else {
      Combine<T, T>(operands, output, [&](Wide<T> a, Wide<T> b) {
        return ApplyBinaryInteger(function, a, b, static_cast<unsigned>(sizeof(T) * 8));
      });
    }
  });
}

void Where(Operands operands, HostOutput output) {
  const Shape shape = output.shape->empty() ? Shape{1} : *output.shape;
  std::vector<std::vector<uint64_t>> strides;
  for (const HostTensor& operand : operands) strides.push_back(BroadcastStrides(*operand.shape, shape));
  VisitWidth(output.type, [&]<typename T>(Tag<T>) {
    std::span<const uint8_t> condition = operands[0].view.bytes;
    std::span<const T> x = ElementsOf<T>(operands[1].view);
    std::span<const T> y = ElementsOf<T>(operands[2].view);
    T* to = reinterpret_cast<T*>(output.bytes.data());
    ForEachRow(shape, strides, output.bytes.size() / sizeof(T), [&](const std::vector<uint64_t>& begin, uint64_t done) {
      for (uint64_t i = 0; i < shape.back(); ++i) {
        const bool holds = condition[begin[0] + i * strides[0].back()] != 0;
        to[done + i] = holds ? x[begin[1] + i * strides[1].back()] : y[begin[2] + i * strides[2].back()];
      }
    });
  });
}

void Cast(Operands operands, HostOutput output) {
  VisitType(operands[0].view.type, [&]<typename From>(Tag<From>) {
    std::span<const From> from = ElementsOf<From>(operands[0].view);
    VisitType(output.type, [&]<typename To>(Tag<To>) {
      To* to = reinterpret_cast<To*>(output.bytes.data());
      for (size_t i = 0; i < from.size(); ++i) to[i] = Convert<From, To>(from[i]);
    });
  });
}

}  // namespace plumb::reference
