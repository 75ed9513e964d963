#include "formats/onnx/graph_tensors.h"

#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"

namespace plumb {
namespace {

bool IsTable(const OnnxTensor& tensor) {
  if (tensor.type == OnnxType::kString || tensor.dims.empty() || tensor.elements == 0) return false;
  switch (tensor.type) {
    case OnnxType::kInt32:
    case OnnxType::kInt64:
    case OnnxType::kUint32:
    case OnnxType::kUint64:
    case OnnxType::kBool:
      return tensor.elements >= kOnnxTableElementsMin;
    default:
      return true;
  }
}

class Collector {
 public:
  explicit Collector(OnnxGraphTensors* found) : found_(*found) {}

  // Names that are not taken for anything else, whatever comes first.
  void Reserve(const OnnxGraph& graph) {
    for (const OnnxTensor& tensor : graph.initializers) names_.insert(std::string(tensor.name));
  }

  void AddInitializers(const OnnxGraph& graph, const std::string& place, bool reserved) {
    for (const OnnxTensor& tensor : graph.initializers) {
      std::string name(tensor.name);
      if (!reserved) name = Unique(std::move(name), place);
      found_.tensors.push_back({.name = std::move(name), .tensor = &tensor});
    }
    for (const OnnxSparseTensor& sparse : graph.sparse_initializers) {
      found_.unreadable.push_back({std::string(sparse.values.name), "is sparse"});
    }
  }

  void AddNodes(const std::vector<OnnxNode>& nodes, const std::string& place) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      const OnnxNode& node = nodes[i];
      if (node.op_type == "Constant" && node.domain.empty()) AddConstant(node, place);
      for (const OnnxAttribute& attribute : node.attributes) {
        if (attribute.graph == nullptr) continue;
        const std::string name = node.name.empty() ? fmt::format("{}#{}", node.op_type, i) : std::string(node.name);
        const std::string below = fmt::format("{}{}/{}/", place, name, attribute.name);
        AddInitializers(*attribute.graph, below, false);
        AddNodes(attribute.graph->nodes, below);
      }
    }
  }

 private:
  void AddConstant(const OnnxNode& node, const std::string& place) {
    std::string name(node.outputs.empty() ? std::string_view() : node.outputs.front());
    if (const OnnxAttribute* value = node.Find("value"); value != nullptr && value->tensor != nullptr) {
      if (!IsTable(*value->tensor)) return;
      found_.tensors.push_back({.name = Unique(std::move(name), place), .tensor = value->tensor.get()});
    } else if (const OnnxAttribute* floats = node.Find("value_floats"); floats != nullptr && !floats->floats.empty()) {
      found_.tensors.push_back({.name = Unique(std::move(name), place), .floats = &floats->floats});
    } else if (node.Find("sparse_value") != nullptr) {
      found_.unreadable.push_back({Unique(std::move(name), place), "is sparse"});
    }
  }

  std::string Unique(std::string name, const std::string& place) {
    if (name.empty()) name = "Constant";
    if (names_.insert(name).second) return name;
    const std::string longer = place + name;
    std::string unique = longer;
    while (!names_.insert(unique).second) unique = fmt::format("{}#{}", longer, ++numbers_[longer] + 1);
    return unique;
  }

  OnnxGraphTensors& found_;
  std::set<std::string> names_;
  std::map<std::string, int> numbers_;  // How many more tensors have a name.
};

}  // namespace

OnnxGraphTensors TensorsOfModel(const OnnxModelProto& model) {
  OnnxGraphTensors found;
  Collector collector(&found);
  collector.Reserve(model.graph);
  collector.AddInitializers(model.graph, "", true);
  collector.AddNodes(model.graph.nodes, "");
  for (const OnnxFunction& function : model.functions) {
    collector.AddNodes(function.nodes, fmt::format("{}/", function.name));
  }
  return found;
}

}  // namespace plumb
