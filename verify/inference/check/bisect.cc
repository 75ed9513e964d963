#include "verify/inference/check/bisect.h"

#include <functional>
#include <map>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/check/layer_trace.h"

namespace plumb {
namespace {

using Wanted = std::function<bool(const Node&)>;

// The first node of `backend`'s run that departs from `reference`'s value of the same name, among those wanted.
struct Departure {
  std::string node;
  std::string op;
  double nmse = 0;
};

absl::StatusOr<Departure> FirstOf(const Backend& backend, const OpenCase& open, double nmse_max,
                                  const SmokeOptions& options, const Wanted& wanted) {
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  std::map<std::string, std::vector<float>, std::less<>> expected;
  const Task& task = open.cross_task();
  const Observer keep = [&](const Node& node, const TensorView& value) {
    if (value.type != ElementType::kF32 || !wanted(node)) return;
    expected[node.name].assign(value.As<float>().begin(), value.As<float>().end());
  };
  PLUMB_RETURN_IF_ERROR(RunTask(*reference, open, task, options, keep).status());
  Departure found;
  const Observer compare = [&](const Node& node, const TensorView& value) {
    auto known = expected.find(node.name);
    if (!found.node.empty() || known == expected.end() || value.type != ElementType::kF32) return;
    absl::StatusOr<Comparison> comparison = CompareFeatures(known->second, value.As<float>());
    if (!comparison.ok() || comparison->nmse <= nmse_max) return;
    found = {node.name, std::string(OpName(node.op)), comparison->nmse};
  };
  PLUMB_RETURN_IF_ERROR(RunTask(backend, open, task, options, compare).status());
  return found;
}

}  // namespace

absl::StatusOr<std::string> FindDeparture(const Backend& backend, const OpenCase& open, double nmse_max,
                                          const SmokeOptions& options) {
  std::map<std::string, std::string, std::less<>> layer_of;
  for (const LayerNode& layer : LayersOf(open.cross_task().graph)) layer_of[layer.node] = layer.layer;
  PLUMB_ASSIGN_OR_RETURN(Departure layer, FirstOf(backend, open, nmse_max, options,
                                                  [&](const Node& node) { return layer_of.contains(node.name); }));
  // Without a layer that departs it is what comes after them.
  const std::string name = layer.node.empty() ? "" : layer_of.at(layer.node);
  PLUMB_ASSIGN_OR_RETURN(Departure op, FirstOf(backend, open, nmse_max, options, [&](const Node& node) {
                           const std::string at = LayerOf(node.name);
                           return at == name || at.empty();
                         }));
  if (op.node.empty()) op = layer;
  if (op.node.empty()) return std::string();
  return fmt::format("the first operator that departs from reference is {} \"{}\" (NMSE {:.3g}, limit {:.3g})", op.op,
                     op.node, op.nmse, nmse_max);
}

std::string FindRecordedDeparture(const std::vector<LayerDigest>& recorded, const std::vector<LayerDigest>& found,
                                  double nmse_max) {
  if (recorded.empty() || found.empty()) return "";
  for (size_t i = 0; i < recorded.size(); ++i) {
    if (i >= found.size() || found[i].name != recorded[i].name) {
      return fmt::format("the recorded layer \"{}\" is not there", recorded[i].name);
    }
    const double difference = LayerDifference(recorded[i], found[i]);
    if (difference <= nmse_max) continue;
    return fmt::format("the first layer that departs from what was recorded is \"{}\"{} (NMSE {:.3g}, limit {:.3g})",
                       recorded[i].name, i == 0 ? ", or the embedding before it" : "", difference, nmse_max);
  }
  return "all recorded layers agree: what follows the last of them departs";
}

}  // namespace plumb
