#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/operators.h"
#include "verify/inference/backends/onednn/parallel.h"
#include "verify/inference/backends/onednn/rows.h"

namespace plumb::onednn {
namespace {

// An operand as [outer, reduced, inner].
struct Fold {
  uint64_t outer = 1;
  uint64_t reduced = 1;
  uint64_t inner = 1;
};

std::optional<Fold> FindFold(const Shape& shape, const std::vector<uint32_t>& axes) {
  Fold fold;
  bool ended = false;  // A dimension that stays came after one that goes.
  bool began = false;
  for (uint32_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    const bool goes = std::find(axes.begin(), axes.end(), d) != axes.end();
    if (goes && ended) return std::nullopt;
    ended = ended || (began && !goes);
    began = began || goes;
    (goes ? fold.reduced : began ? fold.inner : fold.outer) *= shape[d];
  }
  return fold;
}

double StartOf(ReduceFunction function) {
  switch (function) {
    case ReduceFunction::kMax:
      return -std::numeric_limits<double>::infinity();
    case ReduceFunction::kMin:
      return std::numeric_limits<double>::infinity();
    case ReduceFunction::kProd:
      return 1;
    default:
      return 0;
  }
}

void ReduceRows(ReduceFunction function, const Fold& fold, const float* x, float* out) {
  const double divisor = function == ReduceFunction::kMean ? static_cast<double>(fold.reduced) : 1;
  ParallelFor(fold.outer, fold.outer * fold.reduced, [&](uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      out[i] = static_cast<float>(ReduceRow(function, x + i * fold.reduced, fold.reduced) / divisor);
    }
  });
}

void ReduceColumns(ReduceFunction function, const Fold& fold, const float* x, float* out) {
  constexpr uint64_t kColumns = 512;
  const double divisor = function == ReduceFunction::kMean ? static_cast<double>(fold.reduced) : 1;
  const uint64_t parts = (fold.inner + kColumns - 1) / kColumns;
  ParallelFor(fold.outer * parts, fold.outer * fold.reduced * fold.inner, [&](uint64_t begin, uint64_t end) {
    double sums[kColumns];
    for (uint64_t item = begin; item < end; ++item) {
      const uint64_t first = item % parts * kColumns;
      const uint64_t width = std::min(kColumns, fold.inner - first);
      const float* from = x + item / parts * fold.reduced * fold.inner + first;
      std::fill_n(sums, width, StartOf(function));
      for (uint64_t r = 0; r < fold.reduced; ++r) ReduceInto(function, from + r * fold.inner, width, sums);
      float* to = out + item / parts * fold.inner + first;
      for (uint64_t i = 0; i < width; ++i) to[i] = static_cast<float>(sums[i] / divisor);
    }
  });
}

}  // namespace

bool ReducesSideBySide(const Graph& graph, const Node& node) {
  return FindFold(graph.node(node.inputs[0]).shape, std::get<ReduceAttributes>(node.attributes).axes).has_value();
}

Prepared PrepareReduce(const Graph& graph, const Node& node) {
  const auto& attributes = std::get<ReduceAttributes>(node.attributes);
  const std::optional<Fold> fold = FindFold(graph.node(node.inputs[0]).shape, attributes.axes);
  if (!fold) return Internal("the reduced dimensions do not lie side by side");
  return MakeSimple([fold = *fold, function = attributes.function](std::span<const HostTensor> x, HostOutput output) {
    if (fold.inner == 1) {
      ReduceRows(function, fold, x[0].values.data(), output.values.data());
    } else {
      ReduceColumns(function, fold, x[0].values.data(), output.values.data());
    }
    return absl::OkStatus();
  });
}

}  // namespace plumb::onednn
