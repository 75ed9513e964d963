#include <algorithm>

#include "plumb/base/status.h"
#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {
namespace {

uint32_t Volume(const uint32_t (&sizes)[WINDOW_DIMS]) { return sizes[0] * sizes[1] * sizes[2]; }

// Sizes without the dimensions of batch and channels, which both operands have.
WindowShape MakeWindow(const WindowAttributes& window, const Shape& from, const Shape& to, const uint64_t* kernel) {
  WindowShape shape = {};
  const size_t missing = WINDOW_DIMS - (from.size() - 2);
  for (size_t d = 0; d < WINDOW_DIMS; ++d) {
    const bool there = d >= missing;
    const size_t at = d - missing;
    shape.from[d] = there ? static_cast<uint32_t>(from[at + 2]) : 1;
    shape.to[d] = there ? static_cast<uint32_t>(to[at + 2]) : 1;
    shape.window[d] = there ? static_cast<uint32_t>(kernel[at]) : 1;
    shape.strides[d] = there ? static_cast<uint32_t>(window.strides[at]) : 1;
    shape.dilations[d] = there ? static_cast<uint32_t>(window.dilations[at]) : 1;
    shape.pads_before[d] = there ? static_cast<int32_t>(window.pads_before[at]) : 0;
    shape.pads_after[d] = there ? static_cast<int32_t>(window.pads_after[at]) : 0;
  }
  shape.channels = static_cast<uint32_t>(from[1]);
  shape.filters = static_cast<uint32_t>(to[1]);
  return shape;
}

// Windows of one element each, where they lie: the operand is already unfolded.
bool IsUnfolded(const WindowShape& shape) {
  bool same = Volume(shape.window) == 1;
  for (size_t d = 0; d < WINDOW_DIMS; ++d) {
    same = same && shape.strides[d] == 1 && shape.pads_before[d] == 0 && shape.from[d] == shape.to[d];
  }
  return same;
}

// Unfolds one group of one image after the other and multiplies it by the group's filters.
absl::Status ConvByProducts(Device& device, WindowShape shape, uint32_t groups, Operands operands,
                            const Result& result) {
  const uint32_t places = Volume(shape.to);
  const uint32_t depth = shape.channels_in_group * Volume(shape.window);
  const auto images = static_cast<uint32_t>((*result.shape)[0]);
  const bool unfolded = IsUnfolded(shape);
  std::unique_ptr<Memory> columns;
  if (!unfolded) {
    PLUMB_ASSIGN_OR_RETURN(columns, device.Allocate(uint64_t{depth} * places * sizeof(uint32_t)));
  }
  const uint32_t chunk = ChunkOf(device);
  shape.items = (places + chunk - 1) / chunk * depth;
  MatMulShape product = {};
  product.m = shape.filters_in_group;
  product.n = places;
  product.k = depth;
  product.batches = 1;
  product.a_row = depth;
  product.a_column = 1;
  product.b_row = places;
  product.b_column = 1;
  product.bias = shape.flags != 0 ? BIAS_ROWS : BIAS_NONE;
  const Memory* bias = shape.flags != 0 ? operands[2].memory : nullptr;
  for (uint32_t i = 0; i < images * groups; ++i) {
    const uint32_t group = i % groups;
    shape.first_channel = i * shape.channels_in_group;
    if (!unfolded) {
      PLUMB_RETURN_IF_ERROR(LaunchItems(device, {"windows", "unfold"}, shape.items,
                                        Arguments().At(*operands[0].memory).At(*columns).Value(shape)));
    }
    product.a_offset = group * shape.filters_in_group * depth;
    product.b_offset = unfolded ? shape.first_channel * places : 0;
    product.bias_offset = group * shape.filters_in_group;
    product.out_offset = i * shape.filters_in_group * places;
    PLUMB_RETURN_IF_ERROR(Multiply(device, result.type, product, *operands[1].memory,
                                   unfolded ? *operands[0].memory : *columns, bias, *result.memory));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Conv(Device& device, const WindowAttributes& attributes, Operands operands, const Result& result) {
  constexpr uint32_t kGroupChannelsMin = 8;
  constexpr uint64_t kColumnElementsMax = 1 << 28;
  const Shape& filters = *operands[1].shape;
  WindowShape shape = MakeWindow(attributes, *operands[0].shape, *result.shape, filters.data() + 2);
  const auto groups = static_cast<uint32_t>(attributes.groups);
  shape.channels_in_group = static_cast<uint32_t>(filters[1]);
  shape.filters_in_group = shape.filters / groups;
  shape.flags = operands.size() > 2 ? 1 : 0;
  const uint64_t columns = uint64_t{shape.channels_in_group} * Volume(shape.window) * Volume(shape.to);
  if (columns <= kColumnElementsMax && (groups == 1 || shape.channels_in_group >= kGroupChannelsMin)) {
    return ConvByProducts(device, shape, groups, operands, result);
  }
  shape.items = static_cast<uint32_t>(result.count());
  return LaunchItems(device, {"windows", result.type == ElementType::kI32 ? "convolve_i32" : "convolve"}, shape.items,
                     Arguments()
                         .At(*operands[0].memory)
                         .At(*operands[1].memory)
                         .At(*operands[shape.flags != 0 ? 2 : 1].memory)
                         .At(*result.memory)
                         .Value(shape));
}

absl::Status Pool(Device& device, const PoolAttributes& attributes, Operands operands, const Result& result) {
  WindowShape shape = MakeWindow(attributes.window, *operands[0].shape, *result.shape, attributes.window.kernel.data());
  shape.items = static_cast<uint32_t>(result.count());
  shape.flags = (attributes.kind == PoolKind::kMean ? 1 : 0) | (attributes.count_padding ? 2 : 0);
  return LaunchItems(device, {"windows", "pool"}, shape.items,
                     Arguments().At(*operands[0].memory).At(*result.memory).Value(shape));
}

}  // namespace plumb::device
