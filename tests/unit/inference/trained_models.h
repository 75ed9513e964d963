// The two trained models that faults are tried on, in memory and as folders.
#ifndef PLUMB_TESTS_UNIT_INFERENCE_TRAINED_MODELS_H_
#define PLUMB_TESTS_UNIT_INFERENCE_TRAINED_MODELS_H_

#include <functional>
#include <string>

#include "nlohmann/json.hpp"
#include "plumb/inference/smoke.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {

// A config and weights that can be changed, and written as F32 or BF16.
struct TrainedModel {
  std::string name;
  nlohmann::json config;
  TensorMap weights;

  // GPT-2, 842,496 parameters, float32 (tests/data/tiny-shakespeare).
  static TrainedModel Gpt2() { return Load("gpt2", "tiny-shakespeare/step-3000/"); }
  // Llama, 205,376 parameters, trained in float32 and rounded to bfloat16 (tests/conformance/train_llama.py).
  static TrainedModel Llama() { return Load("llama", "inference/llama-shakespeare/"); }

  void Write(const TempFolder& folder) const {
    folder.Write("config.json", config.dump());
    folder.Write("model.safetensors", weights.Serialize());
  }
  TensorMap::Tensor& At(const std::string& tensor) { return weights.tensors.at(tensor); }

 private:
  static TrainedModel Load(std::string name, const std::string& origin) {
    return {std::move(name), nlohmann::json::parse(ReadData(origin + "config.json")),
            TensorMap::Load(DataPath(origin), "model.safetensors")};
  }
};

// Weights in memory, for runs without files.
class MapSource : public WeightSource {
 public:
  // `prefix` stands before the names that a graph uses.
  MapSource(const TensorMap& map, std::string prefix) : map_(map), prefix_(std::move(prefix)) {}
  absl::Status Load(const std::string& name, std::span<float> out) const override { return LoadPart(name, 0, out); }
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override {
    auto found = map_.tensors.find(prefix_ + name);
    if (found == map_.tensors.end()) found = map_.tensors.find(name);
    if (found == map_.tensors.end()) return NotFound(name);
    std::copy_n(found->second.values.begin() + static_cast<ptrdiff_t>(first), out.size(), out.begin());
    return absl::OkStatus();
  }

 private:
  const TensorMap& map_;
  std::string prefix_;
};

// The same graph with every node's attributes changed by `edit`.
inline absl::StatusOr<Graph> EditGraph(const Graph& graph, const std::function<void(Attributes&)>& edit) {
  GraphBuilder builder;
  for (const Node& node : graph.nodes()) {
    if (node.op == OpKind::kInput) {
      builder.Input(node.name, node.type, node.shape);
    } else if (node.op == OpKind::kWeight) {
      builder.Weight(node.name, node.shape);
    } else if (node.op == OpKind::kConstant) {
      builder.Constant(node.name, std::get<ConstantAttributes>(node.attributes));
    } else {
      Attributes attributes = node.attributes;
      edit(attributes);
      builder.Append(node.op, node.name, node.inputs, attributes);
    }
  }
  return builder.Build(graph.outputs());
}

// How often a test repeats: the variable's value, else `otherwise`.
inline uint64_t RepeatCount(const char* variable, uint64_t otherwise) {
  const char* value = std::getenv(variable);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_INFERENCE_TRAINED_MODELS_H_
