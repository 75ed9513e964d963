// Matrix products and determinants.
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

void MatMul(Call& c) {
  if (c.Need(0, 1) && c.Need(1, 1)) c.Out(c.e.MatMul(c.in(0), c.in(1)));
}

// alpha A B + beta C, with A and B transposed where asked.
void Gemm(Call& c) {
  if (!c.Need(0, 2) || !c.Need(1, 2)) return;
  const MatMulAttributes attributes = {c.Int("transA", 0) != 0, c.Int("transB", 0) != 0};
  const double alpha = c.Float("alpha", 1);
  const double beta = c.Float("beta", 1);
  std::vector<Value> operands = {c.in(0), c.in(1)};
  const uint64_t columns = c.in(1).dim(attributes.transpose_b ? 0 : 1);
  const bool bias = alpha == 1 && beta == 1 && c.has(2) && c.in(2).shape == Shape{columns};
  if (bias) operands.push_back(c.in(2));
  Value product = c.e.Append(OpKind::kMatMul, operands, attributes);
  if (alpha != 1) product = c.e.Mul(product, alpha);
  if (c.has(2) && !bias) product = c.e.Add(product, beta == 1 ? c.in(2) : c.e.Mul(c.in(2), beta));
  c.Out(product);
}

// Row `row` and the columns not in `used` of [B, N, N] matrices, by expansion along rows.
Value Expand(Call& c, const Value& x, uint64_t row, uint64_t used) {
  const uint64_t size = x.dim(1);
  Value sum;
  bool minus = false;
  for (uint64_t column = 0; column < size && c.e.ok(); ++column) {
    if ((used >> column & 1) != 0) continue;
    const auto r = static_cast<int64_t>(row);
    const auto k = static_cast<int64_t>(column);
    Value term = c.e.At(c.e.At(x, 1, r), 1, k);
    if (row + 1 < size) term = c.e.Mul(term, Expand(c, x, row + 1, used | (uint64_t{1} << column)));
    sum = !sum.present ? term : minus ? c.e.Sub(sum, term) : c.e.Add(sum, term);
    minus = !minus;
  }
  return sum;
}

void Det(Call& c) {
  if (!c.Need(0, 2)) return;
  constexpr uint64_t kSizeMax = 6;
  const Value& x = c.in(0);
  const uint64_t size = x.shape.back();
  if (size == 0 || x.shape[x.rank() - 2] != size) return (void)c.e.Fail("the matrices are not square");
  if (size > kSizeMax) return (void)c.e.Unsupported("the matrices are larger than 6 by 6");
  Shape outer(x.shape.begin(), x.shape.end() - 2);
  Value matrices = c.e.Reshape(x, {Product(x.shape, 0, x.rank() - 2), size, size});
  c.Out(c.e.Reshape(Expand(c, matrices, 0, 0), outer));
}

constexpr OpEntry kOps[] = {{"MatMul", MatMul}, {"Gemm", Gemm}, {"Det", Det}};

}  // namespace

std::span<const OpEntry> ProductOps() { return kOps; }

}  // namespace plumb::onnx
