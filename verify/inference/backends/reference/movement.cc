#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/reference/kernels.h"

namespace plumb::reference {
namespace {

// Elements of the dimensions after `axis`.
uint64_t InnerCount(const Shape& shape, size_t axis) {
  uint64_t count = 1;
  for (size_t i = axis + 1; i < shape.size(); ++i) count *= shape[i];
  return count;
}

}  // namespace

void Reshape(Operands operands, HostOutput output) {
  std::copy(operands[0].values.begin(), operands[0].values.end(), output.values.begin());
}

void Transpose(const TransposeAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  const Shape& to = *output.shape;
  std::vector<uint64_t> strides;  // Of the operand, by the result's dimensions.
  for (uint32_t axis : attributes.permutation) strides.push_back(InnerCount(from, axis));
  std::vector<uint64_t> index(to.size(), 0);
  uint64_t source = 0;
  for (float& value : output.values) {
    value = operands[0].values[source];
    for (size_t d = to.size(); d-- > 0;) {
      source += strides[d];
      if (++index[d] < to[d]) break;
      source -= strides[d] * to[d];
      index[d] = 0;
    }
  }
}

void Slice(const SliceAttributes& attributes, Operands operands, HostOutput output) {
  const Shape& from = *operands[0].shape;
  const uint64_t inner = InnerCount(from, attributes.axis);
  const uint64_t source_row = from[attributes.axis] * inner;
  const uint64_t row = (attributes.end - attributes.begin) * inner;
  uint64_t source = attributes.begin * inner;
  for (uint64_t done = 0; done < output.values.size(); done += row, source += source_row) {
    std::copy_n(operands[0].values.begin() + static_cast<ptrdiff_t>(source), row,
                output.values.begin() + static_cast<ptrdiff_t>(done));
  }
}

absl::Status Gather(Operands operands, HostOutput output) {
  const uint64_t rows = operands[0].shape->front();
  const uint64_t width = InnerCount(*operands[0].shape, 0);
  for (size_t i = 0; i < operands[1].ids.size(); ++i) {
    const int32_t id = operands[1].ids[i];
    if (id < 0 || static_cast<uint64_t>(id) >= rows) {
      return InvalidArgument(fmt::format("id {} at position {} lies outside a table of {} rows", id, i, rows));
    }
    std::copy_n(operands[0].values.begin() + static_cast<ptrdiff_t>(static_cast<uint64_t>(id) * width), width,
                output.values.begin() + static_cast<ptrdiff_t>(i * width));
  }
  return absl::OkStatus();
}

}  // namespace plumb::reference
