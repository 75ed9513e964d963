#include "client/library/lone_tensors.h"

#include <algorithm>
#include <optional>

#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kPairsMax = 10'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `_12` at the end, and nothing but the word in front.
bool IsNumbered(std::string_view name, std::string_view word) {
  if (!name.starts_with(word)) return false;
  name.remove_prefix(word.size());
  return std::all_of(name.begin(), name.end(), IsDigit);
}

}  // namespace

absl::StatusOr<std::vector<TurnedMatch>> MatchTurned(std::span<const LaidOut> a, std::span<const LaidOut> b,
                                                     const ComparisonCheck& check) {
  std::vector<TurnedMatch> matches;
  std::vector<bool> taken(b.size());
  uint64_t looked = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      if (taken[j] || KernelOrders(b[j].tensor->shape, a[i].tensor->shape).empty()) continue;
      if (++looked > kPairsMax) return matches;
      PLUMB_ASSIGN_OR_RETURN(std::optional<TurnedComparison> found, CompareTurned(a[i], b[j], check));
      if (!found) continue;
      matches.push_back({i, j, *std::move(found)});
      taken[j] = true;
      break;
    }
  }
  return matches;
}

bool HasMadeUpName(std::string_view name) {
  if (name.starts_with("onnx::") || name.starts_with('/') || name.find("_output_") != name.npos) return true;
  for (std::string_view word : {"", "val_", "Constant_", "const_", "_v_", "p2o.Constant.", "initializer_"}) {
    if (IsNumbered(name, word)) return true;
  }
  return name.starts_with("const_fold_opt") || name.starts_with("Constant");
}

bool IsGraphConstant(const SourceTensor& tensor) {
  switch (tensor.dtype) {
    case DType::kI32:
    case DType::kI64:
    case DType::kU32:
    case DType::kU64:
    case DType::kBool:
      return true;
    default:
      return tensor.element_count() == 1 && HasMadeUpName(tensor.name);
  }
}

absl::StatusOr<bool> MayBeFolded(std::span<const LaidOut> model, std::span<const LaidOut> graph,
                                 const ComparisonCheck& check) {
  std::vector<bool> taken(graph.size());
  bool any = false;
  for (const LaidOut& each : graph) {
    if (!HasMadeUpName(each.tensor->name)) return false;
  }
  for (const LaidOut& map : model) {
    if (map.tensor->shape.size() < 2) continue;
    bool found = false;
    for (size_t j = 0; j < graph.size() && !found; ++j) {
      if (taken[j] || graph[j].tensor->shape != map.tensor->shape) continue;
      PLUMB_ASSIGN_OR_RETURN(found, IsScaledByRow(map, graph[j], check));
      taken[j] = found;
    }
    if (!found) return false;
    any = true;
  }
  for (size_t j = 0; j < graph.size(); ++j) {
    if (!taken[j] && graph[j].tensor->shape.size() > 1) return false;
  }
  return any;
}

}  // namespace plumb
