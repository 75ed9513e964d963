#include <algorithm>

#include "plumb/base/status.h"
#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {
namespace {

constexpr uint32_t kTile = 64;            // STRIP and TILE of products.cl.
constexpr uint64_t kTileRowsMax = 65535;  // Tiles along a grid's second dimension, on every device.

uint32_t Tiles(uint32_t size, uint32_t tile) { return (size + tile - 1) / tile; }

// As many rows as an item can have while every compute unit still has several items: each packs `b` anew.
uint32_t BlockRows(const Device& device, const MatMulShape& shape) {
  constexpr uint32_t kRowsMax = 512;
  constexpr uint32_t kRowsMin = 32;
  constexpr uint64_t kItemsPerUnit = 4;
  const uint64_t columns = uint64_t{Tiles(shape.n, kTile)} * shape.batches;
  uint32_t rows = std::min(shape.m, kRowsMax);
  while (rows > kRowsMin && columns * Tiles(shape.m, rows) < kItemsPerUnit * device.compute_units()) {
    rows = std::max(kRowsMin, Tiles(rows / 2, 8) * 8);
  }
  return rows;
}

absl::Status AddBias(Device& device, const MatMulShape& shape, const Memory& bias, Memory& out) {
  const Shape result = {uint64_t{shape.batches} * shape.m, shape.n};
  const Layout layout = MakeLayout(device, result, {DenseStrides(result), {0, 1}});
  return LaunchItems(device, {"elementwise", "binary_add"}, layout.items,
                     Arguments().At(out).At(bias).At(out).Value(layout));
}

// A strip of columns and a block of rows for each item: WIDTH and INTEGER_ROWS of integers.cl.
absl::Status MultiplyIntegers(Device& device, const MatMulShape& shape, const Memory& a, const Memory& b,
                              const Memory& bias, Memory& out) {
  const uint64_t strips = Tiles(shape.n, device.vectors() ? 16 : 1);
  const uint64_t blocks = Tiles(shape.m, device.vectors() ? 8 : 1);
  return LaunchItems(device, {"integers", "matmul_i32"}, strips * blocks * shape.batches,
                     Arguments().At(a).At(b).At(bias).At(out).Value(shape));
}

}  // namespace

absl::Status Multiply(Device& device, ElementType type, MatMulShape shape, const Memory& a, const Memory& b,
                      const Memory* bias, Memory& out) {
  if (type == ElementType::kI32) return MultiplyIntegers(device, shape, a, b, bias == nullptr ? a : *bias, out);
  const bool whole = shape.bias != BIAS_ROWS && shape.out_offset == 0;
  if (whole) {
    PLUMB_ASSIGN_OR_RETURN(bool done, device.MatMul(shape, a, b, out));
    if (done) return bias == nullptr ? absl::OkStatus() : AddBias(device, shape, *bias, out);
  }
  Grid grid;
  if (device.vectors()) {
    shape.block_rows = BlockRows(device, shape);
  } else {
    shape.block_rows = kTile;
    grid.items = {16, 16, 1};
  }
  grid.groups = {Tiles(shape.n, kTile), Tiles(shape.m, shape.block_rows), shape.batches};
  return device.Launch({"products", "matmul"}, grid,
                       Arguments().At(a).At(b).At(bias == nullptr ? a : *bias).At(out).Value(shape));
}

absl::Status MatMul(Device& device, const MatMulAttributes& attributes, Operands operands, const Result& result) {
  const Shape& a = *operands[0].shape;
  const Shape& b = *operands[1].shape;
  const bool shared = b.size() == 2;
  MatMulShape shape = {};
  shape.m = static_cast<uint32_t>((*result.shape)[result.shape->size() - 2]);
  shape.n = static_cast<uint32_t>(result.shape->back());
  shape.k = static_cast<uint32_t>(a[a.size() - (attributes.transpose_a ? 2 : 1)]);
  shape.batches = static_cast<uint32_t>(result.count() / (uint64_t{shape.m} * shape.n));
  shape.a_batch = shape.m * shape.k;
  shape.b_batch = shared ? 0 : shape.k * shape.n;
  shape.a_row = attributes.transpose_a ? 1 : shape.k;
  shape.a_column = attributes.transpose_a ? shape.m : 1;
  shape.b_row = attributes.transpose_b ? 1 : shape.n;
  shape.b_column = attributes.transpose_b ? shape.k : 1;
  if (shared && !attributes.transpose_a && uint64_t{shape.m} * shape.batches <= kTileRowsMax * kTile) {
    // One tall matrix does the same.
    shape.m *= shape.batches;
    shape.batches = 1;
  }
  const Memory* bias = operands.size() > 2 ? operands[2].memory : nullptr;
  shape.bias = bias != nullptr ? BIAS_COLUMNS : BIAS_NONE;
  return Multiply(device, result.type, shape, *operands[0].memory, *operands[1].memory, bias, *result.memory);
}

}  // namespace plumb::device
