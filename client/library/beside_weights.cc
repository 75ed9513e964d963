#include "client/library/beside_weights.h"

#include <string>

#include "plumb/base/status.h"

namespace plumb {
namespace {

bool IsGguf(const ModelFiles& model) { return model.source->format() == "gguf"; }
bool IsOnnx(const ModelFiles& model) { return model.source->format() == "onnx"; }

ComputationDifference CompareGraphs(const ModelFiles& a, const ModelFiles& b) {
  ComputationDifference found;
  const absl::StatusOr<std::string> left = OnnxComputation(a.folder, a.path);
  const absl::StatusOr<std::string> right = OnnxComputation(b.folder, b.path);
  if (left.ok() && right.ok() && *left != *right) found.changed.emplace_back("the graph of operators");
  return found;
}

}  // namespace

ComputationDifference DifferenceBeside(const ModelFiles& a, const ModelFiles& b) {
  if (IsOnnx(a) && IsOnnx(b)) return CompareGraphs(a, b);
  if (IsGguf(a) && IsGguf(b)) return CompareGgufKeys(*a.source, *b.source);
  if (IsGguf(a)) return b.config.empty() ? ComputationDifference{} : CompareConfigWithGguf(b.config, *a.source);
  if (IsGguf(b)) return a.config.empty() ? ComputationDifference{} : CompareConfigWithGguf(a.config, *b.source);
  if (a.config.empty() || b.config.empty()) return {};
  return CompareConfigs(a.config, b.config);
}

}  // namespace plumb
