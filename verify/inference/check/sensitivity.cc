#include "verify/inference/check/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/check/jitter.h"

namespace plumb {
namespace {

constexpr int kRuns = 6;
constexpr int kSmoothRuns = 2;

bool IsStep(UnaryFunction function) {
  return function == UnaryFunction::kRound || function == UnaryFunction::kFloor || function == UnaryFunction::kCeil ||
         function == UnaryFunction::kSign;
}

bool IsStep(BinaryFunction function) {
  return function == BinaryFunction::kEqual || function == BinaryFunction::kLess ||
         function == BinaryFunction::kLessOrEqual || function == BinaryFunction::kMod ||
         function == BinaryFunction::kFmod;
}

// Whether a result jumps where an operand moves a little.
bool Jumps(const Graph& graph, const Node& node) {
  switch (node.op) {
    case OpKind::kUnary:
      return IsStep(std::get<UnaryAttributes>(node.attributes).function);
    case OpKind::kBinary:
      return IsStep(std::get<BinaryAttributes>(node.attributes).function);
    case OpKind::kArgReduce:
    case OpKind::kTopK:
      return true;
    case OpKind::kCast:
      return IsFloat(graph.node(node.inputs[0]).type) && !IsFloat(node.type);
    default:
      return false;
  }
}

int RunsFor(const Graph& graph) {
  const bool jumps =
      std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) { return Jumps(graph, node); });
  return jumps ? kRuns : kSmoothRuns;
}

}  // namespace

double LimitFor(double moved) {
  const double wide = kSensitivityMargin * moved;
  return wide <= kTellingNmseMax ? wide : std::max(kTellingNmseMax, kNarrowMargin * moved);
}

std::vector<Thresholds> Sensitivity::Widen(const Thresholds& tier) const {
  std::vector<Thresholds> limits;
  const double margin = std::sqrt(kSensitivityMargin);
  for (const Comparison& output : moved) {
    Thresholds wide = tier;
    wide.nmse_max = std::max(tier.nmse_max, LimitFor(output.nmse));
    wide.max_kl_max = std::max(tier.max_kl_max, kSensitivityMargin * output.max_kl);
    wide.mean_kl_max = std::max(tier.mean_kl_max, kSensitivityMargin * output.mean_kl);
    wide.top1_min = std::clamp(1 - margin * (1 - output.top1_agreement), 0.0, tier.top1_min);
    wide.differing_max = static_cast<uint64_t>(margin * static_cast<double>(output.differing));
    limits.push_back(wide);
  }
  return limits;
}

std::string Sensitivity::Describe() const {
  Comparison worst;
  for (const Comparison& output : moved) worst = WorseOf(worst, output);
  std::string text = fmt::format("measured: {:.3g} times the NMSE of {:.3g} by which rounding alone moves the outputs",
                                 worst.nmse > 0 ? LimitFor(worst.nmse) / worst.nmse : kSensitivityMargin, worst.nmse);
  if (worst.differing > 0) text += fmt::format(", which changes {} of {} integers", worst.differing, worst.integers);
  return text + fmt::format(" (the worst of {} runs of reference)", runs);
}

absl::StatusOr<Sensitivity> MeasureSensitivity(const OpenCase& open, const Task& task, Precision precision,
                                               const SmokeOptions& options, const CompareRuns& compare) {
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  PLUMB_ASSIGN_OR_RETURN(CaseRun base, RunTask(*reference, open, task, options, nullptr));
  Sensitivity found;
  for (const int runs = RunsFor(task.graph); found.runs < runs; ++found.runs) {
    Jitter jitter(task.graph, static_cast<uint64_t>(found.runs) + 2, precision);
    PLUMB_ASSIGN_OR_RETURN(CaseRun moved, RunMoved(*reference, open, task, options, jitter));
    PLUMB_ASSIGN_OR_RETURN(std::vector<Comparison> outputs, compare(base, moved));
    found.moved.resize(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (found.runs > 0) outputs[i].differing = std::max(outputs[i].differing, found.moved[i].differing);
      const uint64_t differing = outputs[i].differing;
      found.moved[i] = WorseOf(found.moved[i], outputs[i]);
      found.moved[i].differing = differing;
      found.moved[i].integers = outputs[i].integers;
    }
  }
  return found;
}

}  // namespace plumb
