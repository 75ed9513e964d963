// What a model's layers give: the values between them, found by the names of the graph's nodes.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_LAYER_TRACE_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_LAYER_TRACE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plumb/inference/golden.h"
#include "plumb/inference/graph.h"

namespace plumb {

// One layer of a graph.
struct LayerNode {
  std::string layer;  // `h.3`, `model.layers.11`: the name up to its first number.
  std::string node;   // Its last node: what it hands to the next.
};

// The layer in a node's or weight's name; empty when there is none.
std::string LayerOf(std::string_view name);

// The layers of a graph in order. Nodes whose names have no number belong to none.
std::vector<LayerNode> LayersOf(const Graph& graph);

// The value that the last product before the first output reads: the last hidden state. Empty when there is none.
std::string HiddenNodeOf(const Graph& graph);

// Takes the digests of a run that is given its observer.
class LayerTracer {
 public:
  explicit LayerTracer(const Graph& graph);
  std::function<void(const Node&, const TensorView&)> observer();
  // In the order of the layers; those that the backend never showed are missing.
  std::vector<LayerDigest> digests() const;

 private:
  std::vector<LayerNode> layers_;
  std::map<std::string, std::string, std::less<>> layer_of_node_;
  std::map<std::string, LayerDigest> found_;
};

LayerDigest DigestLayer(std::string name, std::span<const float> values);

// sum (a - b)^2 / sum a^2 over the norm and the values that both digests have; infinite when they do not match.
double LayerDifference(const LayerDigest& expected, const LayerDigest& actual);

// The largest elements, in size, of each block of 32 rows of a last hidden state [..., rows, width].
HiddenDigest DigestHidden(std::span<const float> values, uint64_t rows, uint64_t width);

// sum (a - b)^2 / sum a^2 over the recorded places. Infinite when places lie outside `values`.
double HiddenDifference(const HiddenDigest& expected, std::span<const float> values);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_LAYER_TRACE_H_
