#include "verify/inference/check/layer_trace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace plumb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kLayerValues = 16;
constexpr uint64_t kHiddenRows = 32;
constexpr uint64_t kHiddenPlaces = 128;

bool IsLeaf(const Node& node) {
  return node.op == OpKind::kInput || node.op == OpKind::kWeight || node.op == OpKind::kConstant;
}

}  // namespace

std::string LayerOf(std::string_view name) {
  // Nodes of an imported model are called `MatMul "/model/layers.3/mlp/MatMul"`.
  name.remove_prefix(name.find('"') + 1);
  for (size_t begin = 0; begin < name.size();) {
    // Exporters to ONNX divide by slashes too: `/model/layers.3/mlp/Add`.
    const size_t end = std::min(name.find_first_of("./", begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (!part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos) {
      return std::string(name.substr(0, end));
    }
    begin = std::min(name.find('.', begin), name.size()) + 1;
  }
  return "";
}

std::vector<LayerNode> LayersOf(const Graph& graph) {
  std::vector<LayerNode> layers;
  std::map<std::string, size_t> index;
  for (const Node& node : graph.nodes()) {
    if (IsLeaf(node) || node.type != ElementType::kF32) continue;
    std::string layer = LayerOf(node.name);
    if (layer.empty()) continue;
    auto [known, added] = index.emplace(layer, layers.size());
    if (added) layers.push_back({std::move(layer), node.name});
    layers[known->second].node = node.name;
  }
  return layers;
}

std::string HiddenNodeOf(const Graph& graph) {
  ValueId id = graph.output();
  while (!IsLeaf(graph.node(id))) {
    const Node& node = graph.node(id);
    ValueId before = node.inputs.front();
    if (node.op == OpKind::kBinary && IsLeaf(graph.node(before))) before = node.inputs.back();
    if (node.op == OpKind::kMatMul) {
      while (graph.node(before).op == OpKind::kReshape) before = graph.node(before).inputs.front();
      return IsLeaf(graph.node(before)) ? "" : graph.node(before).name;
    }
    const bool passes = node.op == OpKind::kUnary || node.op == OpKind::kScale || node.op == OpKind::kReshape ||
                        node.op == OpKind::kBinary || node.op == OpKind::kCast;
    if (!passes) return "";
    id = before;
  }
  return "";
}

LayerTracer::LayerTracer(const Graph& graph) : layers_(LayersOf(graph)) {
  for (const LayerNode& layer : layers_) layer_of_node_[layer.node] = layer.layer;
}

std::function<void(const Node&, const TensorView&)> LayerTracer::observer() {
  return [this](const Node& node, const TensorView& value) {
    auto layer = layer_of_node_.find(node.name);
    if (layer == layer_of_node_.end() || value.type != ElementType::kF32) return;
    found_[layer->second] = DigestLayer(layer->second, value.As<float>());
  };
}

std::vector<LayerDigest> LayerTracer::digests() const {
  std::vector<LayerDigest> digests;
  for (const LayerNode& layer : layers_) {
    if (auto found = found_.find(layer.layer); found != found_.end()) digests.push_back(found->second);
  }
  return digests;
}

LayerDigest DigestLayer(std::string name, std::span<const float> values) {
  LayerDigest digest = {.name = std::move(name)};
  double squares = 0;
  for (float value : values) squares += double{value} * value;
  digest.norm = std::sqrt(squares);
  const size_t count = std::min(values.size(), kLayerValues);
  for (size_t i = 0; i < kLayerValues; ++i) {
    // Evenly spread; a layer of fewer elements repeats its last.
    digest.values.push_back(count == 0 ? 0 : values[std::min(i * values.size() / kLayerValues, values.size() - 1)]);
  }
  return digest;
}

double LayerDifference(const LayerDigest& expected, const LayerDigest& actual) {
  if (expected.values.size() != actual.values.size()) return kInfinity;
  double noise = 0;
  double signal = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double delta = double{expected.values[i]} - actual.values[i];
    noise += delta * delta;
    signal += double{expected.values[i]} * expected.values[i];
  }
  const double relative = expected.norm == actual.norm ? 0 : (expected.norm - actual.norm) / expected.norm;
  const double nmse = noise == 0 ? 0 : noise / signal;
  const double result = std::max(nmse, relative * relative);
  return std::isnan(result) ? kInfinity : result;
}

HiddenDigest DigestHidden(std::span<const float> values, uint64_t rows, uint64_t width) {
  HiddenDigest digest;
  const uint64_t block = std::max<uint64_t>(1, std::min(rows, kHiddenRows)) * width;
  digest.kept = std::min({kHiddenPlaces, block, static_cast<uint64_t>(values.size())});
  for (uint64_t begin = 0; begin + digest.kept <= values.size() && block > 0; begin += block) {
    std::vector<uint64_t> places(std::min<uint64_t>(block, values.size() - begin));
    std::iota(places.begin(), places.end(), begin);
    auto larger = [&](uint64_t a, uint64_t b) {
      const float x = std::abs(values[a]);
      const float y = std::abs(values[b]);
      return x != y ? x > y : a < b;
    };
    std::partial_sort(places.begin(), places.begin() + static_cast<ptrdiff_t>(digest.kept), places.end(), larger);
    for (uint64_t i = 0; i < digest.kept; ++i) {
      digest.places.push_back(static_cast<int64_t>(places[i]));
      digest.values.push_back(values[places[i]]);
    }
  }
  return digest;
}

double HiddenDifference(const HiddenDigest& expected, std::span<const float> values) {
  double noise = 0;
  double signal = 0;
  for (size_t i = 0; i < expected.places.size(); ++i) {
    const auto place = static_cast<uint64_t>(expected.places[i]);
    if (place >= values.size()) return kInfinity;
    const double delta = double{expected.values[i]} - values[place];
    noise += delta * delta;
    signal += double{expected.values[i]} * expected.values[i];
  }
  const double result = noise == 0 ? 0 : noise / signal;
  return std::isnan(result) ? kInfinity : result;
}

}  // namespace plumb
