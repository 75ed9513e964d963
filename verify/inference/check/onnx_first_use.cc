#include "verify/inference/check/onnx_first_use.h"

#include <algorithm>
#include <array>

namespace plumb {
namespace {

// Operators whose first operand lends its dimensions to the result.
bool KeepsShape(std::string_view op) {
  static constexpr std::array<std::string_view, 17> kNames = {"Add",
                                                              "BatchNormalization",
                                                              "Cast",
                                                              "Clip",
                                                              "DequantizeLinear",
                                                              "Div",
                                                              "Floor",
                                                              "Identity",
                                                              "Mul",
                                                              "Pad",
                                                              "QuantizeLinear",
                                                              "Relu",
                                                              "Resize",
                                                              "Sub",
                                                              "Upsample",
                                                              "Sqrt",
                                                              "InstanceNormalization"};
  return std::find(kNames.begin(), kNames.end(), op) != kNames.end();
}

const std::vector<uint64_t>* DimsOf(const OnnxGraph& graph, std::string_view name) {
  for (const OnnxTensor& tensor : graph.initializers) {
    if (tensor.name == name) return &tensor.dims;
  }
  return nullptr;
}

// The weights behind a node's second operand, also where they are stored quantised.
const std::vector<uint64_t>* WeightsOf(const OnnxGraph& graph, const OnnxNode& node) {
  if (node.inputs.size() < 2) return nullptr;
  if (const std::vector<uint64_t>* dims = DimsOf(graph, node.inputs[1])) return dims;
  for (const OnnxNode& maker : graph.nodes) {
    if (maker.outputs.empty() || maker.outputs[0] != node.inputs[1] || maker.inputs.empty()) continue;
    if (KeepsShape(maker.op_type)) return DimsOf(graph, maker.inputs[0]);
  }
  return nullptr;
}

bool Convolves(std::string_view op) { return op == "Conv" || op == "ConvInteger" || op == "FusedConv"; }

bool ReadConv(const OnnxGraph& graph, const OnnxNode& node, OnnxFirstUse& use) {
  const std::vector<uint64_t>* dims = WeightsOf(graph, node);
  if (dims == nullptr || dims->size() < 3) return false;
  const OnnxAttribute* group = node.Find("group");
  use.rank = dims->size();
  use.channels = (*dims)[1] * static_cast<uint64_t>(group != nullptr ? std::clamp<int64_t>(group->i, 1, 1 << 16) : 1);
  return true;
}

bool ReadProduct(const OnnxGraph& graph, const OnnxNode& node, OnnxFirstUse& use) {
  const std::vector<uint64_t>* dims = WeightsOf(graph, node);
  if (dims == nullptr || dims->size() < 2) return false;
  const OnnxAttribute* turned = node.Find("transB");
  use.width = turned != nullptr && turned->i != 0 ? dims->back() : (*dims)[dims->size() - 2];
  return true;
}

// The first node that reads `value` as its first operand.
const OnnxNode* ReaderOf(const OnnxGraph& graph, std::string_view value) {
  for (const OnnxNode& node : graph.nodes) {
    if (!node.inputs.empty() && node.inputs[0] == value) return &node;
  }
  return nullptr;
}

}  // namespace

OnnxFirstUse FindFirstUse(const OnnxGraph& graph, std::string_view input) {
  constexpr int kStepsMax = 16;
  OnnxFirstUse use;
  std::string_view value = input;
  for (int step = 0; step < kStepsMax; ++step) {
    const OnnxNode* node = ReaderOf(graph, value);
    if (node == nullptr || node->outputs.empty()) return {};
    if (Convolves(node->op_type)) return ReadConv(graph, *node, use) ? use : OnnxFirstUse{};
    if (node->op_type == "MatMul" || node->op_type == "Gemm") {
      return use.channel_axis == 1 && ReadProduct(graph, *node, use) ? use : OnnxFirstUse{};
    }
    if (node->op_type == "Transpose") {
      const OnnxAttribute* turned = node->Find("perm");
      if (turned == nullptr || turned->ints.size() < 2 || use.channel_axis != 1 || turned->ints[1] < 0) return {};
      use.channel_axis = static_cast<size_t>(turned->ints[1]);
    } else if (node->op_type == "Unsqueeze") {
      use.adds_dimensions = true;
    } else if (!KeepsShape(node->op_type)) {
      return {};
    }
    value = node->outputs[0];
  }
  return {};
}

}  // namespace plumb
