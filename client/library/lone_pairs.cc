#include "client/library/lone_pairs.h"

#include <utility>

#include "client/library/lone_tensors.h"
#include "plumb/base/status.h"
#include "plumb/comparison/same_content.h"

namespace plumb {
namespace {

bool IsGraph(const ModelSide& side) { return side.files.source->format() == "onnx"; }

std::vector<LaidOut> LaidOutAt(const ModelSide& side, const std::vector<size_t>& indices) {
  std::vector<LaidOut> tensors;
  for (size_t index : indices) tensors.push_back(side.At(index));
  return tensors;
}

// Moves tensors that names leave alone, and values do not, to the pairs.
absl::Status PairByContent(const ModelSide& a, const ModelSide& b, const Operation& operation, Pairing* pairing,
                           std::vector<DiffedPair>* pairs) {
  const std::vector<LaidOut> a_left = LaidOutAt(a, pairing->only_a);
  const std::vector<LaidOut> b_left = LaidOutAt(b, pairing->only_b);
  PLUMB_ASSIGN_OR_RETURN(std::vector<ContentMatch> matches,
                         MatchByContent(a_left, b_left, [&](uint64_t) { return operation.Check(); }));
  for (const ContentMatch& match : matches) {
    size_t& a_index = pairing->only_a[match.a];
    size_t& b_index = pairing->only_b[match.b];
    DiffedPair pair{.a = a.Described(a_index), .b = b.Described(b_index), .by_content = true};
    pair.role = pair.a.name;
    if (match.transposed) pair.layout.emplace_back("transposed");
    pair.values = {.finding = Finding::kEqual, .measured = true, .elements = a.tensors[a_index]->element_count()};
    pairs->push_back(std::move(pair));
    a_index = a.tensors.size();
    b_index = b.tensors.size();
  }
  std::erase(pairing->only_a, a.tensors.size());
  std::erase(pairing->only_b, b.tensors.size());
  return absl::OkStatus();
}

// The same for kernels whose axes stand in another order.
absl::Status PairTurned(const ModelSide& a, const ModelSide& b, const Operation& operation, Pairing* pairing,
                        std::vector<DiffedPair>* pairs) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<TurnedMatch> matches,
                         MatchTurned(LaidOutAt(a, pairing->only_a), LaidOutAt(b, pairing->only_b),
                                     [&](uint64_t) { return operation.Check(); }));
  for (TurnedMatch& match : matches) {
    size_t& a_index = pairing->only_a[match.a];
    size_t& b_index = pairing->only_b[match.b];
    DiffedPair pair{.a = a.Described(a_index), .b = b.Described(b_index), .by_content = true};
    pair.role = pair.a.name;
    pair.layout = {std::move(match.found.words)};
    pair.values = match.found.values;
    pairs->push_back(std::move(pair));
    a_index = a.tensors.size();
    b_index = b.tensors.size();
  }
  std::erase(pairing->only_a, a.tensors.size());
  std::erase(pairing->only_b, b.tensors.size());
  return absl::OkStatus();
}

// Tensors of a graph that say how to compute are no weights; what an exporter computed of others (masks, tables of
// rotations) is none either when the other side has nothing that it could be.
void SetConstantsAside(const ModelSide& side, const std::vector<size_t>& other_only, bool other_is_graph,
                       std::vector<size_t>* only, std::vector<size_t>* computed) {
  if (side.files.source->format() != "onnx") return;
  const bool complete = other_only.empty() && !other_is_graph;
  std::vector<size_t> weights;
  for (size_t index : *only) {
    const SourceTensor& tensor = *side.tensors[index];
    const bool constant = IsGraphConstant(tensor) || (complete && HasMadeUpName(tensor.name));
    (constant ? *computed : weights).push_back(index);
  }
  *only = std::move(weights);
}

}  // namespace

absl::Status PairLones(const ModelSide& a, const ModelSide& b, const Operation& operation, Pairing* pairing,
                       std::vector<DiffedPair>* pairs) {
  PLUMB_RETURN_IF_ERROR(PairByContent(a, b, operation, pairing, pairs));
  PLUMB_RETURN_IF_ERROR(PairTurned(a, b, operation, pairing, pairs));
  SetConstantsAside(a, pairing->only_b, IsGraph(b), &pairing->only_a, &pairing->computed_a);
  SetConstantsAside(b, pairing->only_a, IsGraph(a), &pairing->only_b, &pairing->computed_b);
  return absl::OkStatus();
}

absl::StatusOr<bool> IsFolded(const ModelSide& a, const ModelSide& b, const Operation& operation,
                              const Pairing& pairing) {
  const bool a_is_graph = IsGraph(a);
  if (a_is_graph == IsGraph(b) || pairing.only_a.empty() || pairing.only_b.empty()) return false;
  const std::vector<LaidOut> left = LaidOutAt(a, pairing.only_a), right = LaidOutAt(b, pairing.only_b);
  return MayBeFolded(a_is_graph ? right : left, a_is_graph ? left : right, [&](uint64_t) { return operation.Check(); });
}

}  // namespace plumb
