// config.json to graph: nothing may crash, and no config may make the program allocate more than its graph needs.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "plumb/inference/architecture.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/gguf_description.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kPositions = 8;
  absl::StatusOr<std::unique_ptr<plumb::Model>> model =
      plumb::ParseModelConfig(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!model.ok()) return 0;
  plumb::CountParameters(**model);
  // What it is in the words of GGUF: finite numbers, tables that a head bounds.
  const absl::StatusOr<plumb::GgufDescription> described =
      plumb::DescribeForGguf(std::string_view(reinterpret_cast<const char*>(data), size));
  for (size_t i = 0; described.ok() && i < described->keys.size(); ++i) {
    const auto* number = std::get_if<double>(&described->keys[i].value);
    if (number != nullptr && std::isnan(*number)) std::abort();
  }
  absl::StatusOr<plumb::Graph> graph = (*model)->BuildGraph(2, std::min((*model)->positions_max(), kPositions));
  if (!graph.ok()) return 0;
  // What a graph asks for is what the rules require: one set of tensors, whoever is asked.
  std::vector<plumb::TensorInfo> tensors;
  for (const plumb::Node& node : graph->nodes()) {
    if (node.op == plumb::OpKind::kWeight) tensors.push_back({.name = node.name, .shape = node.shape});
  }
  std::vector<const plumb::TensorInfo*> pointers;
  for (const plumb::TensorInfo& tensor : tensors) pointers.push_back(&tensor);
  if (!plumb::BindTensors(**model, pointers).ok()) std::abort();
  for (const plumb::Backend* backend : plumb::Backends()) {
    if (backend->Available().ok() && !backend->Plan(*graph).ok()) std::abort();
  }
  return 0;
}
