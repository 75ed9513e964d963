#include "plumb/naming/tensor_layout.h"

#include <algorithm>

namespace plumb {

std::vector<uint64_t> CommonShape(const std::vector<uint64_t>& shape, const TensorLayout& layout) {
  std::vector<uint64_t> common = shape;
  if (layout.output_last && shape.size() >= 2) {
    const size_t rank = shape.size();
    common[0] = shape[rank - 1];
    common[1] = shape[rank - 2];
    std::copy_n(shape.begin(), rank - 2, common.begin() + 2);
  }
  if (layout.row_count != 0 && !common.empty()) common[0] = layout.row_count;
  return common;
}

uint64_t StoredRow(const TensorLayout& layout, uint64_t row, uint64_t row_count) {
  if (layout.rows == RowOrder::kPairs) {
    const uint64_t half = row_count / layout.heads / 2;
    const uint64_t within = row % (2 * half);
    return row - within + within % half * 2 + within / half;
  }
  if (layout.rows == RowOrder::kGroups) {
    const uint64_t shared = layout.heads / layout.key_heads;
    const uint64_t size = row_count / (layout.heads + 2 * layout.key_heads);
    const uint64_t head = row / size;
    // Which group, and which of its maps.
    uint64_t group = head / shared;
    uint64_t map = head % shared;
    if (head >= layout.heads) {
      group = (head - layout.heads) % layout.key_heads;
      map = shared + (head - layout.heads) / layout.key_heads;
    }
    return (group * (shared + 2) + map) * size + row % size;
  }
  return row;
}

bool RowsFit(const TensorLayout& layout, uint64_t row_count) {
  if (layout.rows == RowOrder::kPlain) return true;
  // Far above what models have, and small enough that sums do not overflow.
  constexpr uint64_t kHeadsMax = 1u << 24;
  if (layout.heads == 0 || layout.heads > kHeadsMax || row_count == 0) return false;
  if (layout.rows == RowOrder::kPairs) return row_count % (2 * layout.heads) == 0;
  if (layout.key_heads == 0 || layout.heads % layout.key_heads != 0) return false;
  return row_count % (layout.heads + 2 * layout.key_heads) == 0;
}

bool SameButForOnes(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  auto without = [](std::vector<uint64_t> shape) {
    std::erase(shape, 1u);
    return shape;
  };
  return without(a) == without(b);
}

}  // namespace plumb
