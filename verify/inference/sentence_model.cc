#include "verify/inference/sentence_model.h"

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/refuse.h"
#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/layer_builder.h"
#include "verify/inference/architectures/pooling.h"

namespace plumb {
namespace {

constexpr char kHidden[] = "last_hidden_state";
constexpr char kModules[] = "modules.json";

absl::StatusOr<std::string> ReadText(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  if (size > limits::kConfigBytesMax) {
    return RefusedFile(fmt::format("{} has {} bytes, at most {} are read", path, size, limits::kConfigBytesMax));
  }
  std::vector<uint8_t> bytes(size);
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), bytes, 0, path));
  return std::string(AsText(bytes));
}

absl::StatusOr<nlohmann::json> ReadJsonFile(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, path));
  absl::StatusOr<nlohmann::json> json = ParseJson(text, path);
  if (!json.ok()) return WithErrorClass(json.status(), ErrorClass::kPolicy);
  return json;
}

// One step behind the transformer: adds its nodes to `x`, [B, T, width] before the pooling and [B, width] after it.
using Step = std::function<ValueId(LayerBuilder& builder, ValueId x)>;

// The steps as they are read; `width` is that of what the last one gives.
struct Steps {
  std::vector<Step> steps;
  uint64_t width = 0;
  bool pooled = false;
  std::vector<std::string> dense_folders;
};

// In the order in which several are joined.
constexpr std::pair<const char*, Pooling> kPoolings[] = {
    {"pooling_mode_cls_token", Pooling::kFirst},
    {"pooling_mode_max_tokens", Pooling::kMax},
    {"pooling_mode_mean_tokens", Pooling::kMean},
    {"pooling_mode_mean_sqrt_len_tokens", Pooling::kMeanByRoot},
    {"pooling_mode_weightedmean_tokens", Pooling::kWeighted},
    {"pooling_mode_lasttoken", Pooling::kLast},
};

absl::Status ReadPooling(const nlohmann::json& json, Steps& steps) {
  ConfigReader reader(json);
  std::vector<Pooling> poolings;
  for (const auto& [key, pooling] : kPoolings) {
    // The last two came later; the class says false.
    const bool newer = pooling == Pooling::kWeighted || pooling == Pooling::kLast;
    if (newer ? reader.FlagOr(key, false) : reader.Flag(key)) poolings.push_back(pooling);
  }
  if (poolings.empty()) reader.Refuse("pooling_mode_mean_tokens", "is false, as is every other mode");
  const uint64_t width = reader.Size("word_embedding_dimension", limits::kModelWidthMax);
  if (width != steps.width) {
    reader.Refuse("word_embedding_dimension", fmt::format("is {}, the transformer gives {}", width, steps.width));
  }
  reader.Only("include_prompt", true);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  steps.width *= poolings.size();
  steps.pooled = true;
  steps.steps.push_back([poolings](LayerBuilder& builder, ValueId x) {
    std::vector<ValueId> parts;
    for (Pooling pooling : poolings) parts.push_back(AddPooling(builder, pooling, x));
    return parts.size() == 1 ? parts[0] : builder.Concat("pooling", 1, std::move(parts));
  });
  return absl::OkStatus();
}

// A dense layer's functions, by torch's names; nothing for the identity.
constexpr std::pair<std::string_view, std::optional<UnaryFunction>> kActivations[] = {
    {"torch.nn.modules.linear.Identity", std::nullopt},
    {"torch.nn.modules.activation.Tanh", UnaryFunction::kTanh},
    {"torch.nn.modules.activation.ReLU", UnaryFunction::kRelu},
    {"torch.nn.modules.activation.GELU", UnaryFunction::kGeluErf},
    {"torch.nn.modules.activation.SiLU", UnaryFunction::kSilu},
    {"torch.nn.modules.activation.Sigmoid", UnaryFunction::kSigmoid},
};

absl::Status ReadDense(const nlohmann::json& json, const std::string& folder, Steps& steps) {
  ConfigReader reader(json);
  const uint64_t in = reader.Size("in_features", limits::kModelWidthMax);
  const uint64_t out = reader.Size("out_features", limits::kModelWidthMax);
  const bool bias = reader.Flag("bias");
  if (in != steps.width) reader.Refuse("in_features", fmt::format("is {}, what comes in has {}", in, steps.width));
  const std::string name = reader.Text("activation_function");
  std::optional<UnaryFunction> activation;
  bool known = false;
  for (const auto& [text, function] : kActivations) {
    if (name != text) continue;
    known = true;
    activation = function;
  }
  if (!known) reader.Refuse("activation_function", fmt::format("names the unknown \"{}\"", name.substr(0, 64)));
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  steps.width = out;
  steps.dense_folders.push_back(folder);
  steps.steps.push_back([=](LayerBuilder& builder, ValueId x) {
    x = builder.Linear(folder + "/linear", x, in, out, bias);
    return activation ? builder.Unary(folder + "/activation", *activation, x) : x;
  });
  return absl::OkStatus();
}

// x / max(|x|, 1e-12).
ValueId AddNormalize(LayerBuilder& builder, ValueId x) {
  constexpr float kLeast = 1e-12f;
  ValueId square = builder.Binary("normalize.square", BinaryFunction::kMul, x, x);
  ValueId length = builder.Reduce("normalize.sum", ReduceFunction::kSum, square, {1}, true);
  length = builder.Unary("normalize.length", UnaryFunction::kSqrt, length);
  length =
      builder.Binary("normalize.divisor", BinaryFunction::kMax, length, builder.Constant("normalize.least", kLeast));
  return builder.Binary("normalize", BinaryFunction::kDiv, x, length);
}

// One entry of modules.json.
struct Module {
  std::string type;
  std::string path;
};

absl::StatusOr<std::vector<Module>> ReadModules(const nlohmann::json& json) {
  if (!json.is_array() || json.size() < 2) return RefusedFile("is not a list of at least two modules");
  std::vector<Module> modules;
  for (const nlohmann::json& item : json) {
    if (!item.is_object()) return RefusedFile("is not a list of objects");
    ConfigReader reader(item, fmt::format("{}.", modules.size()));
    modules.push_back({reader.Text("type"), reader.Text("path")});
    reader.Irrelevant({"idx", "name", "kwargs"});
    PLUMB_RETURN_IF_ERROR(reader.Finish());
    const std::string& path = modules.back().path;
    if (path.find_first_of("/\\") != std::string::npos || path == "." || path == "..") {
      return RefusedFile(fmt::format("has the path \"{}\", expected one folder's name", path.substr(0, 64)));
    }
  }
  if (modules[0].type != "sentence_transformers.models.Transformer" || !modules[0].path.empty()) {
    return RefusedFile("does not begin with the Transformer of its own folder");
  }
  return modules;
}

absl::StatusOr<Steps> ReadSteps(const Directory& folder, const std::string& base, const std::vector<Module>& modules,
                                uint64_t width) {
  Steps steps;
  steps.width = width;
  for (size_t i = 1; i < modules.size(); ++i) {
    const Module& module = modules[i];
    const std::string config_path = fmt::format("{}{}/config.json", base, module.path);
    const bool is_pooling = module.type == "sentence_transformers.models.Pooling";
    const bool is_dense = module.type == "sentence_transformers.models.Dense";
    if (is_pooling != (i == 1))
      return RefusedFile(fmt::format("{}{}: the second module must be the pooling", base, kModules));
    if (is_pooling || is_dense) {
      PLUMB_ASSIGN_OR_RETURN(nlohmann::json config, ReadJsonFile(folder, config_path));
      if (!config.is_object()) return RefusedFile(config_path + " is not a JSON object");
      absl::Status status = is_pooling ? ReadPooling(config, steps) : ReadDense(config, module.path, steps);
      if (!status.ok()) return Annotate(status, config_path);
    } else if (module.type == "sentence_transformers.models.Normalize") {
      steps.steps.emplace_back(AddNormalize);
    } else {
      return RefusedFile(
          fmt::format("{}{}: module \"{}\" is not supported", base, kModules, module.type.substr(0, 80)));
    }
  }
  return steps;
}

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
  return RefusedFile(fmt::format("a {} gives no hidden states to be pooled", model.architecture()));
}

// The transformer without a head: sentence-transformers loads it so whatever "architectures" says.
absl::StatusOr<std::shared_ptr<const Model>> ParseTransformer(std::string_view config_text) {
  absl::StatusOr<nlohmann::json> config = ParseJson(config_text, "config");
  if (!config.ok()) return WithErrorClass(config.status(), ErrorClass::kPolicy);
  if (config->is_object()) {
    config->erase("architectures");
    if (config->value("model_type", nlohmann::json()) == "t5") (*config)["architectures"] = {"T5EncoderModel"};
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseModelConfig(config->dump()));
  return std::shared_ptr<const Model>(std::move(model));
}

absl::StatusOr<std::unique_ptr<Model>> MakeSentenceModel(std::shared_ptr<const Model> transformer, size_t hidden,
                                                         const Steps& steps) {
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
    for (const Step& step : steps) x = step(builder, x);
    return {x};
  };
  return MakeModel(std::move(parts));
}

absl::StatusOr<FolderModel> ParseSentenceFolder(const Directory& folder, const std::string& config_path,
                                                std::string_view config_text, const std::string& modules_path) {
  absl::StatusOr<std::shared_ptr<const Model>> transformer = ParseTransformer(config_text);
  if (!transformer.ok()) return Annotate(transformer.status(), config_path);
  absl::StatusOr<size_t> hidden = FindHidden(**transformer);
  if (!hidden.ok()) return Annotate(hidden.status(), modules_path);
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json json, ReadJsonFile(folder, modules_path));
  absl::StatusOr<std::vector<Module>> modules = ReadModules(json);
  if (!modules.ok()) return Annotate(modules.status(), modules_path);
  PLUMB_ASSIGN_OR_RETURN(Graph graph, (*transformer)->BuildGraph(1, 1));
  const uint64_t width = graph.node(graph.outputs()[*hidden]).shape.back();
  PLUMB_ASSIGN_OR_RETURN(Steps steps, ReadSteps(folder, std::string(FolderOf(config_path)), *modules, width));
  FolderModel result;
  PLUMB_ASSIGN_OR_RETURN(result.model, MakeSentenceModel(*transformer, *hidden, steps));
  result.dense_folders = std::move(steps.dense_folders);
  return result;
}

}  // namespace

std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

absl::StatusOr<FolderModel> ParseFolderModel(const Directory& folder, const std::string& config_path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, config_path));
  const std::string modules_path = std::string(FolderOf(config_path)) + kModules;
  absl::StatusOr<FileInfo> modules = folder.Stat(modules_path);
  if (modules.ok()) return ParseSentenceFolder(folder, config_path, text, modules_path);
  if (!absl::IsNotFound(modules.status())) return modules.status();
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(text);
  if (!model.ok()) return Annotate(model.status(), config_path);
  FolderModel result;
  result.model = *std::move(model);
  return result;
}

}  // namespace plumb
