#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {
namespace {

// One side of a copy: where it begins and how it lies, in elements.
struct Side {
  int64_t first = 0;
  std::vector<int64_t> strides;
};

// Copies a block of that shape.
absl::Status Copy(Device& device, const Shape& shape, ElementType type, const Memory& from, const Side& from_side,
                  Memory& to, const Side& to_side) {
  const Layout layout = MakeLayout(device, shape, {from_side.strides, to_side.strides});
  return LaunchItems(device, {"movement", fmt::format("copy_u{}", 8 * ElementBytes(type))}, layout.items,
                     Arguments()
                         .At(from)
                         .At(to)
                         .Value(static_cast<uint32_t>(from_side.first))
                         .Value(static_cast<uint32_t>(to_side.first))
                         .Value(layout));
}

// Copies to the whole of a dense result.
absl::Status CopyToAll(Device& device, const Operand& from, const Side& side, const Result& result) {
  return Copy(device, *result.shape, result.type, *from.memory, side, *result.memory, {0, DenseStrides(*result.shape)});
}

}  // namespace

absl::Status Reshape(Device& device, Operands operands, const Result& result) {
  return CopyToAll(device, operands[0], {0, DenseStrides(*result.shape)}, result);
}

absl::Status Transpose(Device& device, const TransposeAttributes& attributes, Operands operands, const Result& result) {
  const std::vector<int64_t> dense = DenseStrides(*operands[0].shape);
  Side side;
  for (uint32_t axis : attributes.permutation) side.strides.push_back(dense[axis]);
  return CopyToAll(device, operands[0], side, result);
}

absl::Status Slice(Device& device, const SliceAttributes& attributes, Operands operands, const Result& result) {
  Side side = {0, DenseStrides(*operands[0].shape)};
  side.first = attributes.begin * side.strides[attributes.axis];
  side.strides[attributes.axis] *= attributes.step;
  return CopyToAll(device, operands[0], side, result);
}

absl::Status Concat(Device& device, const AxisAttributes& attributes, Operands operands, const Result& result) {
  Side side = {0, DenseStrides(*result.shape)};
  for (const Operand& operand : operands) {
    PLUMB_RETURN_IF_ERROR(Copy(device, *operand.shape, result.type, *operand.memory, {0, DenseStrides(*operand.shape)},
                               *result.memory, side));
    side.first += static_cast<int64_t>((*operand.shape)[attributes.axis]) * side.strides[attributes.axis];
  }
  return absl::OkStatus();
}

absl::Status Expand(Device& device, Operands operands, const Result& result) {
  return CopyToAll(device, operands[0], {0, BroadcastStrides(*operands[0].shape, *result.shape)}, result);
}

// Fills the result, then copies what of the operand lies inside it.
absl::Status Pad(Device& device, const PadAttributes& attributes, Operands operands, const Result& result) {
  const auto count = static_cast<uint32_t>(result.count());
  const uint32_t chunk = ChunkOf(device);
  const uint32_t given = operands.size() > 1 ? 1 : 0;
  PLUMB_RETURN_IF_ERROR(
      LaunchItems(device, {"movement", "fill_u32"}, (uint64_t{count} + chunk - 1) / chunk,
                  Arguments().At(*result.memory).At(*operands[given].memory).Value(given).Value(count)));
  Side from = {0, DenseStrides(*operands[0].shape)};
  Side to = {0, DenseStrides(*result.shape)};
  Shape inside;
  for (size_t d = 0; d < result.shape->size(); ++d) {
    const auto size = static_cast<int64_t>((*operands[0].shape)[d]);
    const int64_t begin = std::max<int64_t>(0, -attributes.before[d]);
    const int64_t end = std::min(size, static_cast<int64_t>((*result.shape)[d]) - attributes.before[d]);
    if (begin >= end) return absl::OkStatus();
    from.first += begin * from.strides[d];
    to.first += (begin + attributes.before[d]) * to.strides[d];
    inside.push_back(static_cast<uint64_t>(end - begin));
  }
  return Copy(device, inside, result.type, *operands[0].memory, from, *result.memory, to);
}

absl::Status Gather(Device& device, const GatherAttributes& attributes, Operands operands, const Result& result) {
  const Shape& table = *operands[0].shape;
  const uint32_t axis = attributes.axis;
  GatherShape shape = {};
  shape.outer = 1;
  shape.inner = 1;
  for (size_t d = 0; d < axis; ++d) shape.outer *= static_cast<uint32_t>(table[d]);
  for (size_t d = axis + 1; d < table.size(); ++d) shape.inner *= static_cast<uint32_t>(table[d]);
  shape.rows = static_cast<uint32_t>(table[axis]);
  shape.count = static_cast<uint32_t>(operands[1].count());
  shape.id_words = static_cast<uint32_t>(ElementBytes(operands[1].type) / 4);
  shape.wrap = attributes.wrap ? 1 : 0;
  uint32_t outside = 0;
  const std::span<uint8_t> bytes(reinterpret_cast<uint8_t*>(&outside), sizeof(outside));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Memory> found, device.Allocate(sizeof(outside)));
  PLUMB_RETURN_IF_ERROR(device.Upload(*found, bytes));
  const uint64_t chunks = (shape.inner + ChunkOf(device) - 1) / ChunkOf(device);
  PLUMB_RETURN_IF_ERROR(LaunchItems(
      device, {"movement", "gather_u32"}, chunks * shape.count * shape.outer,
      Arguments().At(*operands[0].memory).At(*operands[1].memory).At(*result.memory).At(*found).Value(shape)));
  PLUMB_RETURN_IF_ERROR(device.Download(*found, bytes));
  if (outside == 0) return absl::OkStatus();
  return InvalidArgument(fmt::format("the id at position {} lies outside a table of {} rows", outside - 1, shape.rows));
}

}  // namespace plumb::device
