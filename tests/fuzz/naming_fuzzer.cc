// Two models of arbitrary names and shapes are paired and laid over each other. Text: a line of family, heads and key
// heads; lines of a name and dimensions; an empty line between the models.
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "plumb/comparison/compare_values.h"
#include "plumb/naming/tensor_pairs.h"

namespace plumb {
namespace {

constexpr uint64_t kElementsMax = 4096;
constexpr size_t kTensorsMax = 64;

struct Model {
  std::unique_ptr<TensorSource> source;
  std::vector<const SourceTensor*> tensors;
  ModelFacts facts;
};

void Require(bool holds) {
  if (!holds) std::abort();
}

Model ReadModel(std::istream& in) {
  Model model;
  std::string line;
  std::getline(in, line);
  std::istringstream facts(line);
  facts >> model.facts.family >> model.facts.heads >> model.facts.key_heads;
  TensorSourceParts parts{.format = "fuzz"};
  parts.files.push_back({"file", MemoryByteSource(std::string(4 * kElementsMax, 'x'))});
  std::set<std::string> names;
  while (std::getline(in, line) && !line.empty() && parts.tensors.size() < kTensorsMax) {
    std::istringstream words(line);
    SourceTensor tensor;
    words >> tensor.name;
    uint64_t elements = 1;
    for (uint64_t dimension; words >> dimension && tensor.shape.size() < 5 && elements <= kElementsMax;) {
      tensor.shape.push_back(dimension);
      elements = dimension > kElementsMax ? kElementsMax + 1 : elements * dimension;
    }
    if (elements > kElementsMax || tensor.name.empty() || !names.insert(tensor.name).second) continue;
    if (elements > 0) tensor.ranges.push_back({0, 0, 4 * elements});
    parts.tensors.push_back(std::move(tensor));
  }
  absl::StatusOr<std::unique_ptr<TensorSource>> source = TensorSource::New(std::move(parts));
  if (!source.ok()) return model;
  model.source = *std::move(source);
  for (const SourceTensor& tensor : model.source->tensors()) model.tensors.push_back(&tensor);
  return model;
}

void LayOver(const Model& a, const Model& b, const TensorPair& pair, const PairLayout& layout) {
  const LaidOut left = {a.source.get(), a.tensors[pair.a], layout.a};
  const LaidOut right = {b.source.get(), b.tensors[pair.b], layout.b};
  Require(SameButForOnes(CommonShape(left.tensor->shape, layout.a), CommonShape(right.tensor->shape, layout.b)));
  Require(CompareValues(left, right, [](uint64_t) { return absl::OkStatus(); }).ok());
  Require(LookAlike(left, right).ok());
}

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace plumb;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  const Model a = ReadModel(in);
  const Model b = ReadModel(in);
  if (a.source == nullptr || b.source == nullptr) return 0;
  const Pairing pairing = PairTensors({a.tensors, a.facts}, {b.tensors, b.facts});
  std::set<size_t> seen(pairing.only_a.begin(), pairing.only_a.end());
  seen.insert(pairing.computed_a.begin(), pairing.computed_a.end());
  Require(seen.size() == pairing.only_a.size() + pairing.computed_a.size());
  for (const TensorPair& pair : pairing.pairs) {
    Require(pair.a < a.tensors.size() && pair.b < b.tensors.size());
    seen.insert(pair.a);
    if (pair.shapes_differ) continue;
    LayOver(a, b, pair, pair.layout);
    for (const PairLayout& layout : pair.candidates) LayOver(a, b, pair, layout);
    for (const PairLayout& layout : pair.mistakes) LayOver(a, b, pair, layout);
  }
  Require(seen.size() == a.tensors.size());
  return 0;
}
