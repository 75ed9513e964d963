#include "verify/inference/backends/onednn/integers.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/parallel.h"
#include "verify/inference/backends/onednn/shim.h"
#include "verify/inference/backends/wider_vectors.h"

namespace plumb::onednn {
namespace {

constexpr int64_t kBytes = 255;
constexpr int64_t kSignedOffset = 128;

uint64_t Padded(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

struct Range {
  int32_t least = std::numeric_limits<int32_t>::max();
  int32_t most = std::numeric_limits<int32_t>::min();
  bool fits() const { return int64_t{most} - least <= kBytes; }
};

PLUMB_FOR_WIDER_VECTORS
void Widen(const int32_t* x, uint64_t count, Range& range) {
  int32_t least = range.least;
  int32_t most = range.most;
  for (uint64_t i = 0; i < count; ++i) {
    least = std::min(least, x[i]);
    most = std::max(most, x[i]);
  }
  range = {least, most};
}

Range RangeOf(const int32_t* x, uint64_t stride, uint64_t rows, uint64_t columns) {
  Range range;
  for (uint64_t row = 0; row < rows; ++row) Widen(x + row * stride, columns, range);
  return range;
}

// The low bytes of x - offset, and what x - offset adds up to.
PLUMB_FOR_WIDER_VECTORS
uint32_t Narrow(const int32_t* __restrict x, uint64_t count, int32_t offset, uint8_t* __restrict out) {
  uint32_t sum = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const int32_t moved = x[i] - offset;
    out[i] = static_cast<uint8_t>(moved);
    sum += static_cast<uint32_t>(moved);
  }
  return sum;
}

PLUMB_FOR_WIDER_VECTORS
void AddSigned(const uint8_t* __restrict x, uint64_t count, uint32_t* __restrict sums) {
  for (uint64_t i = 0; i < count; ++i) sums[i] += static_cast<uint32_t>(int32_t{static_cast<int8_t>(x[i])});
}

PLUMB_FOR_WIDER_VECTORS
void AddRow(const uint32_t* __restrict sums, uint64_t count, uint32_t factor, uint32_t term, int32_t* __restrict out) {
  for (uint64_t i = 0; i < count; ++i) {
    out[i] = static_cast<int32_t>(static_cast<uint32_t>(out[i]) + factor * sums[i] + term);
  }
}

PLUMB_FOR_WIDER_VECTORS
void AddProduct(const int32_t* __restrict b, uint64_t count, int32_t factor, int32_t* __restrict out) {
  for (uint64_t i = 0; i < count; ++i) {
    out[i] = static_cast<int32_t>(static_cast<uint32_t>(out[i]) +
                                  static_cast<uint32_t>(factor) * static_cast<uint32_t>(b[i]));
  }
}

// a = a' + a0 with a' unsigned and b = b' + b0 with b' signed bytes: a b = a' b' + a0 sum b' + b0 sum a' + K a0 b0.
absl::Status MultiplyAsBytes(const IntegerProduct& p, int32_t a0, int32_t b0, std::span<uint8_t> scratch) {
  uint8_t* a = scratch.data();
  uint8_t* b = a + Padded(p.m * p.k);
  auto* row_sums = reinterpret_cast<uint32_t*>(b + Padded(p.k * p.n));
  auto* column_sums = row_sums + Padded(p.m);
  for (uint64_t row = 0; row < p.m; ++row) {
    row_sums[row] = Narrow(p.a + row * p.a_stride, p.k, a0, a + row * p.k);
  }
  std::fill_n(column_sums, p.n, 0u);
  for (uint64_t row = 0; row < p.k; ++row) {
    Narrow(p.b + row * p.b_stride, p.n, b0, b + row * p.n);
    AddSigned(b + row * p.n, p.n, column_sums);
  }
  PLUMB_RETURN_IF_ERROR(MultiplyBytes({.m = p.m,
                                       .n = p.n,
                                       .k = p.k,
                                       .a = a,
                                       .b = reinterpret_cast<const int8_t*>(b),
                                       .out = p.out,
                                       .out_stride = p.out_stride}));
  const auto first = static_cast<uint32_t>(a0);
  const auto second = static_cast<uint32_t>(b0);
  const uint32_t corners = static_cast<uint32_t>(p.k) * first * second;
  for (uint64_t row = 0; row < p.m; ++row) {
    AddRow(column_sums, p.n, first, second * row_sums[row] + corners, p.out + row * p.out_stride);
  }
  return absl::OkStatus();
}

void MultiplyRows(const IntegerProduct& p) {
  ParallelFor(p.m, p.m * p.n * p.k, [&](uint64_t begin, uint64_t end) {
    for (uint64_t row = begin; row < end; ++row) {
      int32_t* out = p.out + row * p.out_stride;
      std::fill_n(out, p.n, 0);
      for (uint64_t k = 0; k < p.k; ++k) AddProduct(p.b + k * p.b_stride, p.n, p.a[row * p.a_stride + k], out);
    }
  });
}

template <typename Out, typename Function>
PLUMB_WITHIN_VECTORS void Combine(const int32_t* __restrict a, uint64_t a_step, const int32_t* __restrict b,
                                  uint64_t b_step, uint64_t count, void* to, Function function) {
  Out* __restrict out = static_cast<Out*>(to);
  if (a_step == 1 && b_step == 1) {
    for (uint64_t i = 0; i < count; ++i) out[i] = function(a[i], b[i]);
  } else if (a_step == 1) {
    const int32_t right = *b;
    for (uint64_t i = 0; i < count; ++i) out[i] = function(a[i], right);
  } else {
    const int32_t left = *a;
    for (uint64_t i = 0; i < count; ++i) out[i] = function(left, b[i * b_step]);
  }
}

template <typename Function>
int32_t Wrapped(int32_t x, int32_t y, Function function) {
  return static_cast<int32_t>(function(static_cast<uint32_t>(x), static_cast<uint32_t>(y)));
}

}  // namespace

uint64_t IntegerScratchBytes(uint64_t m, uint64_t n, uint64_t k) {
  return Padded(m * k) + Padded(k * n) + sizeof(uint32_t) * (Padded(m) + Padded(n));
}

absl::Status MultiplyIntegers(const IntegerProduct& product, std::span<uint8_t> scratch) {
  constexpr uint64_t kRowsMin = 4;  // Fewer are done before the bytes are made.
  if (product.m >= kRowsMin || product.n <= kRowsMin) {
    const Range a = RangeOf(product.a, product.a_stride, product.m, product.k);
    const Range b = RangeOf(product.b, product.b_stride, product.k, product.n);
    const int64_t b0 = int64_t{b.least} + kSignedOffset;
    if (a.fits() && b.fits() && b0 <= std::numeric_limits<int32_t>::max()) {
      return MultiplyAsBytes(product, a.least, static_cast<int32_t>(b0), scratch);
    }
  }
  MultiplyRows(product);
  return absl::OkStatus();
}

bool HasBinaryIntegers(BinaryFunction function) {
  switch (function) {
    case BinaryFunction::kAdd:
    case BinaryFunction::kSub:
    case BinaryFunction::kMul:
    case BinaryFunction::kMax:
    case BinaryFunction::kMin:
    case BinaryFunction::kEqual:
    case BinaryFunction::kLess:
    case BinaryFunction::kLessOrEqual:
      return true;
    default:
      return false;
  }
}

PLUMB_FOR_WIDER_VECTORS
void BinaryIntegers(BinaryFunction function, const int32_t* a, uint64_t a_step, const int32_t* b, uint64_t b_step,
                    uint64_t count, void* out) {
  using Int = int32_t;
  switch (function) {
    case BinaryFunction::kAdd:
      return Combine<Int>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return Wrapped(x, y, std::plus<>()); });
    case BinaryFunction::kSub:
      return Combine<Int>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return Wrapped(x, y, std::minus<>()); });
    case BinaryFunction::kMul:
      return Combine<Int>(a, a_step, b, b_step, count, out,
                          [](Int x, Int y) { return Wrapped(x, y, std::multiplies<>()); });
    case BinaryFunction::kMax:
      return Combine<Int>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return x > y ? x : y; });
    case BinaryFunction::kMin:
      return Combine<Int>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return x < y ? x : y; });
    case BinaryFunction::kEqual:
      return Combine<bool>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return x == y; });
    case BinaryFunction::kLess:
      return Combine<bool>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return x < y; });
    default:
      return Combine<bool>(a, a_step, b, b_step, count, out, [](Int x, Int y) { return x <= y; });
  }
}

}  // namespace plumb::onednn
