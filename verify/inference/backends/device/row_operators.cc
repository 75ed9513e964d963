#include <algorithm>
#include <string>

#include "verify/inference/backends/device/operator_families.h"

namespace plumb::device {

absl::Status Softmax(Device& device, Operands operands, const Result& result) {
  const uint64_t width = result.shape->back();
  const uint64_t rows = result.count() / width;
  return LaunchRows(device, "softmax", rows,
                    Arguments()
                        .At(*operands[0].memory)
                        .At(*result.memory)
                        .Value(static_cast<uint32_t>(rows))
                        .Value(static_cast<uint32_t>(width)));
}

absl::Status LayerNorm(Device& device, const LayerNormAttributes& attributes, Operands operands, const Result& result) {
  const uint64_t width = result.shape->back();
  const uint64_t rows = result.count() / width;
  const uint32_t biased = operands.size() > 2 ? 1 : 0;
  return LaunchRows(device, "layer_norm", rows,
                    Arguments()
                        .At(*operands[0].memory)
                        .At(*operands[1].memory)
                        .At(*operands[biased ? 2 : 1].memory)
                        .At(*result.memory)
                        .Value(static_cast<uint32_t>(rows))
                        .Value(static_cast<uint32_t>(width))
                        .Value(biased)
                        .Value(static_cast<float>(attributes.epsilon)));
}

absl::Status CausalMask(Device& device, const CausalMaskAttributes& attributes, Operands operands,
                        const Result& result) {
  const uint64_t keys = result.shape->back();
  const uint64_t queries = (*result.shape)[result.shape->size() - 2];
  const uint64_t rows = result.count() / keys;
  return LaunchItems(device, {"rows", "causal_mask"}, device.vectors() ? rows : rows * keys,
                     Arguments()
                         .At(*operands[0].memory)
                         .At(*result.memory)
                         .Value(static_cast<uint32_t>(rows))
                         .Value(static_cast<uint32_t>(queries))
                         .Value(static_cast<uint32_t>(keys))
                         .Value(static_cast<uint32_t>(std::min<uint64_t>(attributes.window, INT32_MAX))));
}

absl::Status Reduce(Device& device, const ReduceAttributes& attributes, Operands operands, const Result& result) {
  const Shape& from = *operands[0].shape;
  const std::vector<int64_t> dense = DenseStrides(from);
  Shape kept_shape;
  Shape reduced_shape;
  std::vector<int64_t> kept_strides;
  std::vector<int64_t> reduced_strides;
  for (uint32_t d = 0; d < from.size(); ++d) {
    const bool reduced = std::find(attributes.axes.begin(), attributes.axes.end(), d) != attributes.axes.end();
    (reduced ? reduced_shape : kept_shape).push_back(from[d]);
    (reduced ? reduced_strides : kept_strides).push_back(dense[d]);
  }
  const Layout kept = MakeLayout(device, kept_shape, {kept_strides});
  Layout reduced = MakeLayout(device, reduced_shape, {reduced_strides});
  reduced.items /= reduced.chunks;  // The kernel goes through whole rows.
  const auto results = static_cast<uint32_t>(result.count());
  float factor = 1;
  std::string kernel = "reduce_sum";
  switch (attributes.function) {
    case ReduceFunction::kSum:
      break;
    case ReduceFunction::kMean:
      factor = static_cast<float>(1.0 / (static_cast<double>(operands[0].count()) / results));
      break;
    case ReduceFunction::kMax:
      kernel = "reduce_max";
      break;
    case ReduceFunction::kMin:
      kernel = "reduce_min";
      break;
    case ReduceFunction::kProd:
      kernel = "reduce_prod";
      break;
  }
  return LaunchItems(
      device, {"rows", kernel}, results,
      Arguments().At(*operands[0].memory).At(*result.memory).Value(kept).Value(reduced).Value(results).Value(factor));
}

}  // namespace plumb::device
