// Layers that most families are made of, with their weights under the names that transformers gives them; and models
// that need no list of their tensors, because their graph names each.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_LAYER_BUILDER_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_LAYER_BUILDER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/graph.h"

namespace plumb {

// A GraphBuilder that knows layers. A layer's nodes are called as the module that holds its weights.
class LayerBuilder : public GraphBuilder {
 public:
  // Begins with the inputs.
  LayerBuilder(uint64_t sequences, uint64_t positions, const std::vector<InputSpec>& inputs);

  uint64_t sequences() const { return sequences_; }
  uint64_t positions() const { return positions_; }
  // REQUIRES: `name` is among the inputs.
  ValueId InputNamed(std::string_view name) const { return inputs_.find(name)->second; }

  // x [..., in] -> [..., out], by `name`.weight [out, in] and, if it has one, `name`.bias [out].
  ValueId Linear(const std::string& name, ValueId x, uint64_t in, uint64_t out, bool bias = true);
  // LayerNorm over the last dimension by `name`.weight and, if it has one, `name`.bias.
  ValueId Norm(const std::string& name, ValueId x, uint64_t width, double epsilon, bool bias = true);
  // Rows of `name`.weight [rows, width].
  ValueId Embedding(const std::string& name, ValueId ids, uint64_t rows, uint64_t width);
  // x [B, T, width] plus rows [first, first + T) of `name`.weight [rows, width].
  ValueId AddPositions(const std::string& name, ValueId x, uint64_t rows, uint64_t width, uint64_t first = 0);
  ValueId Add(const std::string& name, ValueId a, ValueId b);
  // x [B, T, D] -> x[:, place], [B, D].
  ValueId Token(const std::string& name, ValueId x, uint64_t place);
  // [B, C, S, S] -> [B, patches, width]: patches of a picture, row by row, each through one filter bank
  // `name`.weight [width, channels, patch, patch].
  ValueId Patches(const std::string& name, ValueId pixels, uint64_t channels, uint64_t patch, uint64_t width,
                  bool bias);

 private:
  const uint64_t sequences_;
  const uint64_t positions_;
  std::map<std::string, ValueId, std::less<>> inputs_;
};

// What a family says of one config.
struct ModelParts {
  std::string_view architecture;  // Of static storage.
  uint64_t layers = 0;
  uint64_t vocabulary = 0;
  uint64_t positions_max = 1;
  // Names and prefixes; `required` is found out.
  TensorRules rules;
  std::vector<OutputSpec> outputs;
  // As Model::Inputs.
  std::function<std::vector<InputSpec>(uint64_t sequences, uint64_t positions)> inputs;
  // Adds the nodes and gives the values of `outputs`, in their order.
  std::function<std::vector<ValueId>(LayerBuilder& builder)> build;
};

// The model of those parts. Its required tensors are the weights of its graph for one sequence of one token.
// INVALID_ARGUMENT (ErrorClass::kPolicy) when that graph is none: sizes do not fit each other or exceed the limits.
absl::StatusOr<std::unique_ptr<Model>> MakeModel(ModelParts parts);

// The weights that a graph names, as tensors that a model must have.
std::vector<ExpectedTensor> WeightsOf(const Graph& graph);

// The input of token ids, [sequences, positions], each below `vocabulary`.
InputSpec IdsInput(std::string name, uint64_t sequences, uint64_t positions, uint64_t vocabulary);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_LAYER_BUILDER_H_
