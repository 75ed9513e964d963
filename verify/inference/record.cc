// Recording goldens.
#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/smoke.h"
#include "verify/inference/check/case_run.h"
#include "verify/inference/check/layer_trace.h"

namespace plumb {
namespace {

absl::Status CheckFinite(const std::vector<TensorValue>& outputs, const std::string& weights_path) {
  for (const TensorValue& output : outputs) {
    if (output.type != ElementType::kF32) continue;
    const std::span<const float> values = output.As<float>();
    if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) continue;
    return WithErrorClass(OutOfRange(fmt::format("{}: the model's outputs are not all finite", weights_path)),
                          ErrorClass::kPolicy);
  }
  return absl::OkStatus();
}

// The values that stand for the last hidden state, [rows, width].
HiddenDigest DigestOf(const OpenCase& open, const std::vector<float>& hidden) {
  const std::string name = HiddenNodeOf(open.task.graph);
  for (const Node& node : open.task.graph.nodes()) {
    if (node.name != name || node.shape.empty()) continue;
    return DigestHidden(hidden, hidden.size() / node.shape.back(), node.shape.back());
  }
  return {};
}

}  // namespace

absl::StatusOr<std::string> ComputeGolden(const Directory& folder, const std::string& config_path,
                                          const std::string& weights_path, const std::optional<TokenBatch>& tokens,
                                          const SmokeOptions& options) {
  const SmokeCase wanted = {.name = {}, .config_path = config_path, .weights_path = weights_path, .golden_path = {}};
  PLUMB_ASSIGN_OR_RETURN(OpenCase open, OpenSmokeCase(folder, wanted, options));
  const Model& model = open.model->model();
  Golden golden;
  if (tokens) {
    if (!open.language) return InvalidArgument("token ids were given for a model that is no language model");
    PLUMB_RETURN_IF_ERROR(CheckTokens(*tokens, model));
    open.task.inputs = InputsOf(*tokens);
    PLUMB_ASSIGN_OR_RETURN(open.task.graph, model.BuildGraph(tokens->sequences, tokens->positions));
  } else if (!options.prompt.empty() && open.language) {
    golden.text = options.prompt;
    PLUMB_RETURN_IF_ERROR(
        TokenizePrompt(folder, config_path, options.prompt, model, options, &golden.tokenizer).status());
  }
  PLUMB_ASSIGN_OR_RETURN(const Backend* reference, FindBackend("reference"));
  PLUMB_ASSIGN_OR_RETURN(CaseRun run, RunTraced(*reference, open, open.task, options));
  PLUMB_RETURN_IF_ERROR(CheckTables(open));
  PLUMB_RETURN_IF_ERROR(CheckFinite(run.result.outputs, weights_path));
  golden.inputs = open.task.inputs;
  golden.layers = std::move(run.layers);
  PLUMB_ASSIGN_OR_RETURN(golden.config_hash, open.model->ConfigHash(open.task.graph));
  if (open.language) {
    const std::span<const int32_t> ids = golden.inputs.values.at(kInputIds).As<int32_t>();
    golden.tokens = {golden.inputs.sequences, golden.inputs.positions, {ids.begin(), ids.end()}};
    golden.summary =
        SummarizeLogits(run.result.output(), golden.tokens.ids, golden.tokens.sequences, model.vocabulary());
    golden.hidden = DigestOf(open, run.hidden);
  } else {
    golden.outputs = std::move(run.result.outputs);
  }
  return open.model->SerializeGolden(
      golden, {{"format", "plumb-golden"}, {"version", "2"}, {"backend", "reference"}, {"weights", weights_path}});
}

}  // namespace plumb
