#include "verify/inference/backends/run_inputs.h"

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<HostTensor> FindInput(const RunInputs& inputs, const Node& node) {
  TensorView view;
  if (auto ids = inputs.ids.find(node.name); ids != inputs.ids.end()) view = TensorView::Of(ids->second);
  if (auto values = inputs.values.find(node.name); values != inputs.values.end()) {
    view = TensorView::Of(values->second);
  }
  if (auto tensor = inputs.tensors.find(node.name); tensor != inputs.tensors.end()) view = tensor->second;
  const uint64_t found = view.type == node.type ? view.count() : 0;
  if (found == *ElementCount(node.shape)) return HostTensor::Of(node.shape, {node.type, view.bytes});
  return InvalidArgument(fmt::format("input \"{}\" has {} elements of its type, expected shape {}", node.name, found,
                                     ShapeText(node.shape)));
}

}  // namespace plumb
