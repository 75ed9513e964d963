// Matrix products in double, blocked so that both operands are read from cache.
//
// The product of two float32 is exact in double and every sum runs over k in order, so results do not depend on the
// processor, on fused multiply-add or on the number of threads.
#include <algorithm>
#include <thread>
#include <vector>

#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/matrix_product.h"
#include "verify/inference/backends/reference/typed.h"
#include "verify/inference/backends/wider_vectors.h"

namespace plumb::reference {
namespace {

constexpr uint64_t kTileRows = 4;
constexpr uint64_t kTileColumns = 8;
constexpr uint64_t kBlockRows = 128;

// sums[i][j] = the sum over k of a[k][i] * b[k][j].
PLUMB_FOR_WIDER_VECTORS
void MultiplyTile(const double* __restrict a, const double* __restrict b, uint64_t depth, double* __restrict sums) {
  double tile[kTileRows][kTileColumns] = {};
  for (uint64_t k = 0; k < depth; ++k) {
    for (uint64_t i = 0; i < kTileRows; ++i) {
      for (uint64_t j = 0; j < kTileColumns; ++j) tile[i][j] += a[k * kTileRows + i] * b[k * kTileColumns + j];
    }
  }
  std::copy_n(&tile[0][0], kTileRows * kTileColumns, sums);
}

// Rows [begin, end) of `a` as tiles of kTileRows rows: for each k their values side by side, zeros past the end.
std::vector<double> PackRows(const Matrix& a, uint64_t begin, uint64_t end) {
  const uint64_t tiles = (end - begin + kTileRows - 1) / kTileRows;
  std::vector<double> packed(tiles * kTileRows * a.columns, 0);
  for (uint64_t row = begin; row < end; ++row) {
    double* to = packed.data() + (row - begin) / kTileRows * kTileRows * a.columns + (row - begin) % kTileRows;
    for (uint64_t k = 0; k < a.columns; ++k) to[k * kTileRows] = a.At(row, k);
  }
  return packed;
}

void PackColumns(const Matrix& b, uint64_t begin, uint64_t end, std::vector<double>& packed) {
  std::fill(packed.begin(), packed.end(), 0.0);
  for (uint64_t k = 0; k < b.rows; ++k) {
    for (uint64_t column = begin; column < end; ++column) packed[k * kTileColumns + column - begin] = b.At(k, column);
  }
}

// Columns [begin, end) of rows [row_begin, row_end) of the product; `rows` is those rows packed,
// `columns` scratch space for one tile of columns.
void MultiplyColumns(const std::vector<double>& rows, uint64_t row_begin, uint64_t row_end, const Matrix& b,
                     uint64_t begin, uint64_t end, std::vector<double>& columns, const ProductTarget& target) {
  double sums[kTileRows * kTileColumns];
  for (uint64_t column = begin; column < end; column += kTileColumns) {
    const uint64_t column_end = std::min(column + kTileColumns, end);
    PackColumns(b, column, column_end, columns);
    for (uint64_t row = row_begin; row < row_end; row += kTileRows) {
      MultiplyTile(rows.data() + (row - row_begin) * b.rows, columns.data(), b.rows, sums);
      for (uint64_t i = row; i < std::min(row + kTileRows, row_end); ++i) {
        for (uint64_t j = column; j < column_end; ++j) {
          double sum = sums[(i - row) * kTileColumns + j - column];
          if (target.column_bias != nullptr) sum += target.column_bias[j];
          if (target.row_bias != nullptr) sum += target.row_bias[i];
          target.data[i * target.row_stride + j] = static_cast<float>(sum);
        }
      }
    }
  }
}

// Shares columns out over threads when there is enough to do.
void MultiplyBlock(const std::vector<double>& rows, uint64_t row_begin, uint64_t row_end, const Matrix& b,
                   const ProductTarget& target) {
  constexpr double kWorkPerThread = 1 << 21;
  constexpr uint64_t kThreadsMax = 64;
  const double work =
      static_cast<double>(row_end - row_begin) * static_cast<double>(b.rows) * static_cast<double>(b.columns);
  const uint64_t wanted = std::min<uint64_t>(static_cast<uint64_t>(work / kWorkPerThread), kThreadsMax);
  const uint64_t threads = std::clamp<uint64_t>(std::thread::hardware_concurrency(), 1, std::max<uint64_t>(wanted, 1));
  const uint64_t tiles = (b.columns + kTileColumns - 1) / kTileColumns;
  const uint64_t share = (tiles + threads - 1) / threads * kTileColumns;
  std::vector<std::vector<double>> scratch(threads, std::vector<double>(b.rows * kTileColumns));
  std::vector<std::jthread> helpers;
  for (uint64_t begin = share; begin < b.columns; begin += share) {
    const uint64_t end = std::min(begin + share, b.columns);
    std::vector<double>& columns = scratch[begin / share];
    helpers.emplace_back([&rows, &b, &columns, &target, row_begin, row_end, begin, end] {
      MultiplyColumns(rows, row_begin, row_end, b, begin, end, columns, target);
    });
  }
  MultiplyColumns(rows, row_begin, row_end, b, 0, std::min(share, b.columns), scratch[0], target);
}

Matrix MakeMatrix(const float* data, const Shape& shape, bool transposed) {
  const uint64_t rows = shape[shape.size() - 2];
  const uint64_t columns = shape.back();
  return transposed ? Matrix{data, columns, rows, 1, columns} : Matrix{data, rows, columns, columns, 1};
}

// Products of other types than float32, one sum after another.
void MultiplyOthers(const MatMulAttributes& attributes, Operands operands, HostOutput output) {
  const Matrix a = MakeMatrix(nullptr, *operands[0].shape, attributes.transpose_a);
  const Matrix b = MakeMatrix(nullptr, *operands[1].shape, attributes.transpose_b);
  const bool shared = operands[1].shape->size() == 2;
  VisitType(output.type, [&]<typename T>(Tag<T>) {
    std::span<const T> left = ElementsOf<T>(operands[0].view);
    std::span<const T> right = ElementsOf<T>(operands[1].view);
    T* out = reinterpret_cast<T*>(output.bytes.data());
    const uint64_t count = output.bytes.size() / sizeof(T);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t column = i % b.columns;
      const uint64_t row = i / b.columns % a.rows;
      const uint64_t batch = i / b.columns / a.rows;
      Wide<T> sum = operands.size() > 2 ? static_cast<Wide<T>>(ElementsOf<T>(operands[2].view)[column]) : Wide<T>{0};
      for (uint64_t k = 0; k < a.columns; ++k) {
        sum += static_cast<Wide<T>>(left[batch * a.rows * a.columns + row * a.row_stride + k * a.column_stride]) *
               static_cast<Wide<T>>(
                   right[(shared ? 0 : batch * b.rows * b.columns) + k * b.row_stride + column * b.column_stride]);
      }
      out[i] = static_cast<T>(sum);
    }
  });
}

}  // namespace

void MultiplyMatrices(const Matrix& a, const Matrix& b, const ProductTarget& target) {
  for (uint64_t row = 0; row < a.rows; row += kBlockRows) {
    const uint64_t row_end = std::min(row + kBlockRows, a.rows);
    MultiplyBlock(PackRows(a, row, row_end), row, row_end, b, target);
  }
}

void MatMul(const MatMulAttributes& attributes, Operands operands, HostOutput output) {
  if (output.bytes.empty()) return;
  if (output.type != ElementType::kF32) return MultiplyOthers(attributes, operands, output);
  Matrix a = MakeMatrix(operands[0].values.data(), *operands[0].shape, attributes.transpose_a);
  Matrix b = MakeMatrix(operands[1].values.data(), *operands[1].shape, attributes.transpose_b);
  const float* bias = operands.size() > 2 ? operands[2].values.data() : nullptr;
  uint64_t batch = output.values.size() / (a.rows * b.columns);
  const bool shared = operands[1].shape->size() == 2;
  if (shared && !attributes.transpose_a) {  // One tall matrix does the same.
    a.rows *= batch;
    batch = 1;
  }
  const uint64_t a_size = a.rows * a.columns;
  for (uint64_t i = 0; i < batch; ++i) {
    float* out = output.values.data() + i * a.rows * b.columns;
    MultiplyMatrices(a, b, {.data = out, .row_stride = b.columns, .column_bias = bias});
    a.data += a_size;
    if (!shared) b.data += b.rows * b.columns;
  }
}

}  // namespace plumb::reference
