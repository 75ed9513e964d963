#include <algorithm>

#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {

uint32_t ChunkOf(const Device& device) { return device.vectors() ? 2048 : 1; }

std::vector<int64_t> DenseStrides(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * static_cast<int64_t>(shape[i]);
  return strides;
}

std::vector<int64_t> BroadcastStrides(const Shape& operand, const Shape& result) {
  std::vector<int64_t> strides(result.size(), 0);
  int64_t stride = 1;
  for (size_t i = 0; i < operand.size(); ++i) {  // Counted from the last dimension.
    const uint64_t size = operand[operand.size() - 1 - i];
    if (size != 1) strides[result.size() - 1 - i] = stride;
    stride *= static_cast<int64_t>(size);
  }
  return strides;
}

Layout MakeLayout(const Device& device, const Shape& shape, const std::vector<std::vector<int64_t>>& strides) {
  std::vector<uint64_t> dims;
  std::vector<std::vector<int64_t>> kept(strides.size());
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    bool joins = !dims.empty();
    for (size_t j = 0; j < strides.size() && joins; ++j) {
      joins = kept[j].back() == strides[j][d] * static_cast<int64_t>(shape[d]);
    }
    if (!joins) {
      dims.push_back(shape[d]);
      for (size_t j = 0; j < strides.size(); ++j) kept[j].push_back(strides[j][d]);
    } else {
      dims.back() *= shape[d];
      for (size_t j = 0; j < strides.size(); ++j) kept[j].back() = strides[j][d];
    }
  }
  if (dims.empty()) {
    dims.push_back(1);
    for (std::vector<int64_t>& operand : kept) operand.push_back(1);
  }
  Layout layout = {};
  layout.inner = static_cast<uint32_t>(dims.back());
  layout.rank = static_cast<uint32_t>(dims.size() - 1);
  layout.chunks = (layout.inner + ChunkOf(device) - 1) / ChunkOf(device);
  layout.items = layout.chunks;
  for (size_t d = 0; d + 1 < dims.size(); ++d) {
    layout.dims[d] = static_cast<uint32_t>(dims[d]);
    layout.items *= layout.dims[d];
  }
  for (size_t j = 0; j < kept.size(); ++j) {
    layout.steps[j] = static_cast<int32_t>(kept[j].back());
    for (size_t d = 0; d + 1 < dims.size(); ++d) layout.strides[j][d] = static_cast<int32_t>(kept[j][d]);
  }
  return layout;
}

absl::Status LaunchItems(Device& device, const KernelName& kernel, uint64_t items, const Arguments& arguments) {
  const uint32_t group = device.vectors() ? 1 : 256;
  Grid grid;
  grid.groups[0] = static_cast<uint32_t>((items + group - 1) / group);
  grid.items[0] = group;
  return device.Launch(kernel, grid, arguments);
}

absl::Status LaunchRows(Device& device, const std::string& name, uint64_t rows, const Arguments& arguments) {
  constexpr uint32_t kRowGroup = 128;  // ROW_GROUP of rows.cl.
  Grid grid;
  grid.groups[0] = static_cast<uint32_t>(rows);
  grid.items[0] = device.vectors() ? 1 : kRowGroup;
  return device.Launch({"rows", name}, grid, arguments);
}

}  // namespace plumb::device
