// Which tensors of two models are the same part of the model, and how their layouts differ.
#ifndef PLUMB_NAMING_TENSOR_PAIRS_H_
#define PLUMB_NAMING_TENSOR_PAIRS_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "plumb/naming/model_facts.h"
#include "plumb/naming/tensor_layout.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// A model's tensors, whatever files they lie in. Borrowed for the call.
struct NamedModel {
  std::span<const SourceTensor* const> tensors;
  ModelFacts facts;
};

// A way to lay both sides over each other. Plain value.
struct PairLayout {
  TensorLayout a;
  TensorLayout b;
  // How B is stored against A, each a few words: `transposed`, `rows in pairs`, `plus one`, `part 2 of 3`, `tied`.
  std::vector<std::string> words;
};

// Two tensors that names say are one. Indices into NamedModel::tensors.
struct TensorPair {
  size_t a = 0;
  size_t b = 0;
  std::string role;
  // What the conventions of both sides say.
  PairLayout layout;
  // What they may say too, where neither side says how many heads there are.
  std::vector<PairLayout> candidates;
  // Other layouts that a mistaken conversion could have left, for saying so when values differ.
  std::vector<PairLayout> mistakes;
  // Nothing brings one shape to the other.
  bool shapes_differ = false;
};

struct Pairing {
  std::vector<TensorPair> pairs;  // In the order of A's tensors, then of parts.
  std::vector<size_t> only_a;
  std::vector<size_t> only_b;
  // On one side alone and not counted: no weights (TensorRole::computed), or what the other's converter leaves out.
  std::vector<size_t> computed_a;
  std::vector<size_t> computed_b;
};

// Pairs tensors by their roles; then maps that one side has in one (q, k and v; gate and up; experts) with their parts
// on the other, slice by slice; then an output map that one side alone has with the other's embedding.
Pairing PairTensors(const NamedModel& a, const NamedModel& b);

}  // namespace plumb

#endif  // PLUMB_NAMING_TENSOR_PAIRS_H_
