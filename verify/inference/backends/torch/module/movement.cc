#include "verify/inference/backends/torch/module/operators.h"
#include "verify/inference/backends/torch/module/tensors.h"

namespace plumb::torch_module {
namespace {

std::vector<int64_t> Permutation(const TransposeAttributes& attributes) {
  return {attributes.permutation.begin(), attributes.permutation.end()};
}

}  // namespace

bool SupportsMovement(const Node& node) {
  switch (node.op) {
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kConcat:
    case OpKind::kExpand:
      return true;
    case OpKind::kSlice:
      return std::get<SliceAttributes>(node.attributes).step > 0;
    case OpKind::kPad:
      return std::get<PadAttributes>(node.attributes).mode == PadMode::kConstant && node.inputs.size() == 1;
    default:
      return false;
  }
}

at::Tensor Movement(const Node& node, const Tensors& x) {
  switch (node.op) {
    case OpKind::kReshape:
      return at::reshape(x[0], Sizes(node.shape));
    case OpKind::kTranspose:
      return at::permute(x[0], Permutation(std::get<TransposeAttributes>(node.attributes)));
    case OpKind::kConcat:
      return at::cat(x, std::get<AxisAttributes>(node.attributes).axis);
    case OpKind::kExpand:
      return x[0].expand(Sizes(node.shape));
    case OpKind::kSlice: {
      const auto& slice = std::get<SliceAttributes>(node.attributes);
      return at::slice(x[0], slice.axis, slice.begin, slice.end, slice.step);
    }
    default: {
      const auto& pad = std::get<PadAttributes>(node.attributes);
      return at::constant_pad_nd(x[0], PadWidths(pad.before, pad.after), 0);
    }
  }
}

}  // namespace plumb::torch_module
