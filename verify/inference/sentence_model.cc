#include "verify/inference/sentence_model.h"

#include <memory>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/python_json.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/layer_builder.h"
#include "verify/inference/architectures/not_understood.h"
#include "verify/inference/architectures/pooling.h"
#include "verify/inference/sentence_modules.h"

namespace plumb {
namespace {

constexpr char kHidden[] = "last_hidden_state";

// Adds the part of `graph` that `output` needs.
ValueId CopyInto(LayerBuilder& builder, const Graph& graph, ValueId output) {
  std::vector<bool> needed(graph.nodes().size(), false);
  needed[output] = true;
  for (ValueId id = output + 1; id-- > 0;) {
    if (!needed[id]) continue;
    for (ValueId input : graph.node(id).inputs) needed[input] = true;
  }
  std::vector<ValueId> renamed(graph.nodes().size(), 0);
  for (ValueId id = 0; id <= output; ++id) {
    const Node& node = graph.node(id);
    if (!needed[id]) continue;
    if (node.op == OpKind::kInput) {
      renamed[id] = builder.InputNamed(node.name);
    } else if (node.op == OpKind::kWeight) {
      renamed[id] = builder.Weight(node.name, node.shape);
    } else if (node.op == OpKind::kConstant) {
      renamed[id] = builder.Constant(node.name, std::get<ConstantAttributes>(node.attributes));
    } else {
      std::vector<ValueId> inputs;
      for (ValueId input : node.inputs) inputs.push_back(renamed[input]);
      renamed[id] = builder.Append(node.op, node.name, std::move(inputs), node.attributes);
    }
  }
  return renamed[output];
}

// Which output of the transformer is its last hidden state.
absl::StatusOr<size_t> FindHidden(const Model& model) {
  const std::vector<OutputSpec> outputs = model.Outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].name == kHidden) return i;
  }
  return NotUnderstood(fmt::format("a {} gives no hidden states to be pooled", model.architecture()));
}

// The transformer without a head: sentence-transformers loads it so whatever "architectures" says.
absl::StatusOr<std::shared_ptr<const Model>> ParseTransformer(std::string_view config_text) {
  absl::StatusOr<nlohmann::json> config = ParsePythonJson(config_text, "config");
  if (!config.ok()) return WithErrorClass(config.status(), ErrorClass::kPolicy);
  if (config->is_object()) {
    config->erase("architectures");
    if (config->value("model_type", nlohmann::json()) == "t5") (*config)["architectures"] = {"T5EncoderModel"};
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModelConfig(config->dump()));
  return std::shared_ptr<const Model>(std::move(model));
}

absl::StatusOr<std::unique_ptr<Model>> MakeSentenceModel(std::shared_ptr<const Model> transformer, size_t hidden,
                                                         const SentenceSteps& steps) {
  ModelParts parts;
  parts.architecture = transformer->architecture();
  parts.layers = transformer->layers();
  parts.vocabulary = transformer->vocabulary();
  parts.positions_max = transformer->positions_max();
  parts.rules = transformer->tensors();
  // What the embedding needs is found out; the rest, such as a pooler, may be there.
  for (const ExpectedTensor& tensor : parts.rules.required) parts.rules.ignored.push_back(tensor.name);
  parts.outputs = {{kSentenceEmbedding, OutputKind::kFeatures}};
  parts.inputs = [transformer](uint64_t sequences, uint64_t positions) {
    return transformer->Inputs(sequences, positions);
  };
  parts.build = [transformer, hidden, steps = steps.steps](LayerBuilder& builder) -> std::vector<ValueId> {
    absl::StatusOr<Graph> graph = transformer->BuildGraph(builder.sequences(), builder.positions());
    if (!graph.ok()) return {};  // Build refuses a graph without outputs; the sizes were checked before.
    ValueId x = CopyInto(builder, *graph, graph->outputs()[hidden]);
    for (const SentenceStep& step : steps) x = step(builder, x);
    return {x};
  };
  return MakeModel(std::move(parts));
}

absl::StatusOr<FolderModel> ParsePlain(std::string_view config_text, const std::string& config_path) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config_text);
  if (!model.ok()) return Annotate(model.status(), config_path);
  FolderModel result;
  result.model = *std::move(model);
  return result;
}

absl::StatusOr<FolderModel> ParseSentenceFolder(const Directory& folder, const std::string& config_path,
                                                std::string_view config_text, const std::string& modules_path) {
  const std::string base(FolderOf(config_path));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<SentenceModule> modules, ReadSentenceModules(folder, base));
  // A transformer alone (a cross encoder) is what its own config says.
  if (modules.size() == 1) return ParsePlain(config_text, config_path);
  PLUMB_RETURN_IF_ERROR(CheckTransformerTask(folder, base));
  absl::StatusOr<std::shared_ptr<const Model>> transformer = ParseTransformer(config_text);
  if (!transformer.ok()) return Annotate(transformer.status(), config_path);
  absl::StatusOr<size_t> hidden = FindHidden(**transformer);
  if (!hidden.ok()) return Annotate(hidden.status(), modules_path);
  PLUMB_ASSIGN_OR_RETURN(Graph graph, (*transformer)->BuildGraph(1, 1));
  const uint64_t width = graph.node(graph.outputs()[*hidden]).shape.back();
  PLUMB_ASSIGN_OR_RETURN(SentenceSteps steps, ReadSentenceSteps(folder, base, modules, width));
  FolderModel result;
  absl::StatusOr<std::unique_ptr<Model>> model = MakeSentenceModel(*transformer, *hidden, steps);
  if (!model.ok()) return Annotate(NotUnderstood(Message(model.status())), modules_path);
  result.model = *std::move(model);
  result.dense_folders = std::move(steps.dense_folders);
  return result;
}

}  // namespace

std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

absl::StatusOr<FolderModel> ParseFolderModel(const Directory& folder, const std::string& config_path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadConfigText(folder, config_path));
  const std::string modules_path = std::string(FolderOf(config_path)) + kSentenceModules;
  absl::StatusOr<FileInfo> modules = folder.Stat(modules_path);
  if (modules.ok()) return ParseSentenceFolder(folder, config_path, text, modules_path);
  if (!absl::IsNotFound(modules.status())) return modules.status();
  return ParsePlain(text, config_path);
}

}  // namespace plumb
