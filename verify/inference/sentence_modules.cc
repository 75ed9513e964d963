#include "verify/inference/sentence_modules.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/python_json.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/not_understood.h"
#include "verify/inference/architectures/pooling.h"

namespace plumb {
namespace {

constexpr char kSentence[] = "sentence_embedding";

absl::StatusOr<nlohmann::json> ReadJsonFile(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadConfigText(folder, path));
  absl::StatusOr<nlohmann::json> json = ParsePythonJson(text, path);
  if (!json.ok()) return WithErrorClass(json.status(), ErrorClass::kPolicy);
  return json;
}

absl::StatusOr<nlohmann::json> ReadObject(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json config, ReadJsonFile(folder, path));
  if (!config.is_object()) return NotUnderstood(path + " is not a JSON object");
  return config;
}

// How pooling is called: today by a name, before 6.0 by a flag each. In the order in which flags are joined.
struct PoolingName {
  std::string_view name;
  const char* flag;
  Pooling pooling;
};
constexpr PoolingName kPoolings[] = {
    {"cls", "pooling_mode_cls_token", Pooling::kFirst},
    {"max", "pooling_mode_max_tokens", Pooling::kMax},
    {"mean", "pooling_mode_mean_tokens", Pooling::kMean},
    {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Pooling::kMeanByRoot},
    {"weightedmean", "pooling_mode_weightedmean_tokens", Pooling::kWeighted},
    {"lasttoken", "pooling_mode_lasttoken", Pooling::kLast},
};

// `pooling_mode`: one name, or a list of those whose results are joined.
std::vector<Pooling> ReadNamedPoolings(ConfigReader& reader, const nlohmann::json& mode) {
  constexpr char kKey[] = "pooling_mode";
  const std::vector<std::string> names =
      mode.is_string() ? std::vector<std::string>{reader.Text(kKey)} : reader.TextsOr(kKey);
  if (names.empty() || names.size() > std::size(kPoolings)) {
    reader.Refuse(kKey, fmt::format("has {} names, expected 1 to {}", names.size(), std::size(kPoolings)));
    return {};
  }
  std::vector<Pooling> poolings;
  for (const std::string& name : names) {
    const auto* known = std::find_if(std::begin(kPoolings), std::end(kPoolings),
                                     [&](const PoolingName& pooling) { return pooling.name == name; });
    if (known == std::end(kPoolings)) {
      reader.Refuse(kKey, fmt::format("names the unknown \"{}\"", name.substr(0, 64)));
      return {};
    }
    poolings.push_back(known->pooling);
  }
  return poolings;
}

std::vector<Pooling> ReadPoolings(ConfigReader& reader, const nlohmann::json& json) {
  if (reader.Has("pooling_mode")) {
    // Where both are, readers that know the name pass over the flags.
    for (const PoolingName& pooling : kPoolings) reader.Irrelevant({pooling.flag});
    return ReadNamedPoolings(reader, json.at("pooling_mode"));
  }
  std::vector<Pooling> poolings;
  for (const auto& [name, flag, pooling] : kPoolings) {
    // The last two came later; the class says false.
    const bool newer = pooling == Pooling::kWeighted || pooling == Pooling::kLast;
    if (newer ? reader.FlagOr(flag, false) : reader.Flag(flag)) poolings.push_back(pooling);
  }
  if (poolings.empty()) reader.Refuse("pooling_mode_mean_tokens", "is false, as is every other mode");
  return poolings;
}

absl::Status ReadPooling(const nlohmann::json& json, SentenceSteps& steps) {
  ConfigReader reader(json);
  const std::vector<Pooling> poolings = ReadPoolings(reader, json);
  const char* width_key = reader.Has("embedding_dimension") ? "embedding_dimension" : "word_embedding_dimension";
  const uint64_t width = reader.Size(width_key, limits::kModelWidthMax);
  if (width != steps.width) {
    reader.Refuse(width_key, fmt::format("is {}, the transformer gives {}", width, steps.width));
  }
  reader.Only("include_prompt", true);
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  steps.width *= poolings.size();
  steps.steps.push_back([poolings](LayerBuilder& builder, ValueId x) {
    std::vector<ValueId> parts;
    for (Pooling pooling : poolings) parts.push_back(AddPooling(builder, pooling, x));
    return parts.size() == 1 ? parts[0] : builder.Concat("pooling", 1, std::move(parts));
  });
  return absl::OkStatus();
}

// Modules may take and give other things than sentences' vectors; those that do so are not read.
void ReadNames(ConfigReader& reader) {
  reader.Only("module_input_name", kSentence);
  reader.Only("module_output_name", kSentence);
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

absl::Status ReadDense(const nlohmann::json& json, const std::string& folder, SentenceSteps& steps) {
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
  ReadNames(reader);
  reader.Only("use_residual", false);
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

// `Pooling` of the paths that the library had for it: `sentence_transformers.models.Pooling`, and since 6.0
// `sentence_transformers.sentence_transformer.modules.pooling.Pooling`.
std::string ClassOf(const std::string& path) {
  for (std::string_view folder : {"sentence_transformers.models.", "sentence_transformers.base.modules.",
                                  "sentence_transformers.sentence_transformer.modules."}) {
    if (!path.starts_with(folder)) continue;
    const std::string rest = path.substr(folder.size());
    const std::string name = rest.substr(rest.rfind('.') + 1);
    if (rest == name || rest.find('.') == rest.rfind('.')) return name;
  }
  return path;
}

absl::StatusOr<std::vector<SentenceModule>> ParseModules(const nlohmann::json& json) {
  if (!json.is_array() || json.empty()) return NotUnderstood("is not a list of modules");
  std::vector<SentenceModule> modules;
  for (const nlohmann::json& item : json) {
    if (!item.is_object()) return NotUnderstood("is not a list of objects");
    ConfigReader reader(item, fmt::format("{}.", modules.size()));
    modules.push_back({ClassOf(reader.Text("type")), reader.Text("path")});
    reader.Irrelevant({"idx", "name", "kwargs"});
    PLUMB_RETURN_IF_ERROR(reader.Finish());
    const std::string& path = modules.back().path;
    const bool named = modules.size() == 1 || !path.empty();
    if (!named || path.find_first_of("/\\") != std::string::npos || path == "." || path == "..") {
      return NotUnderstood(fmt::format("has the path \"{}\", expected one folder's name", path.substr(0, 64)));
    }
  }
  if (modules[0].type != "Transformer" || !modules[0].path.empty()) {
    return NotUnderstood("does not begin with the Transformer of its own folder");
  }
  return modules;
}

// Since 6.0 it says on what it works; before, there was no such file.
absl::Status ReadNormalize(const Directory& folder, const std::string& config_path, SentenceSteps& steps) {
  absl::StatusOr<nlohmann::json> config = ReadObject(folder, config_path);
  if (!config.ok() && !absl::IsNotFound(config.status())) return config.status();
  if (config.ok()) {
    ConfigReader reader(*config);
    ReadNames(reader);
    if (absl::Status status = reader.Finish(); !status.ok()) return Annotate(status, config_path);
  }
  steps.steps.emplace_back(AddNormalize);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadConfigText(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  if (size > limits::kConfigBytesMax) {
    return NotUnderstood(fmt::format("{} has {} bytes, at most {} are read", path, size, limits::kConfigBytesMax));
  }
  std::vector<uint8_t> bytes(size);
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), bytes, 0, path));
  return std::string(AsText(bytes));
}

absl::StatusOr<std::vector<SentenceModule>> ReadSentenceModules(const Directory& folder, const std::string& base) {
  const std::string path = base + kSentenceModules;
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json json, ReadJsonFile(folder, path));
  absl::StatusOr<std::vector<SentenceModule>> modules = ParseModules(json);
  return modules.ok() ? std::move(modules) : Annotate(modules.status(), path);
}

absl::StatusOr<SentenceSteps> ReadSentenceSteps(const Directory& folder, const std::string& base,
                                                const std::vector<SentenceModule>& modules, uint64_t width) {
  SentenceSteps steps;
  steps.width = width;
  for (size_t i = 1; i < modules.size(); ++i) {
    const SentenceModule& module = modules[i];
    const std::string config_path = fmt::format("{}{}/config.json", base, module.path);
    const bool is_pooling = module.type == "Pooling";
    const bool is_dense = module.type == "Dense";
    if (!is_pooling && !is_dense && module.type != "Normalize") {
      return NotUnderstood(fmt::format("{}{}: module \"{}\" is not one that Plumb runs", base, kSentenceModules,
                                       module.type.substr(0, 80)));
    }
    if (is_pooling != (i == 1)) {
      return NotUnderstood(fmt::format("{}{}: the pooling is not the second module", base, kSentenceModules));
    }
    if (is_pooling || is_dense) {
      PLUMB_ASSIGN_OR_RETURN(nlohmann::json config, ReadObject(folder, config_path));
      absl::Status status = is_pooling ? ReadPooling(config, steps) : ReadDense(config, module.path, steps);
      if (!status.ok()) return Annotate(status, config_path);
    } else {
      PLUMB_RETURN_IF_ERROR(ReadNormalize(folder, config_path, steps));
    }
  }
  return steps;
}

// What sentence-transformers has the transformer do: since 6.0 sentence_bert_config.json says so. What else stands
// there (lengths, the tokenizer's arguments) does not change what the modules compute.
absl::Status CheckTransformerTask(const Directory& folder, const std::string& base) {
  const std::string path = base + "sentence_bert_config.json";
  absl::StatusOr<nlohmann::json> config = ReadObject(folder, path);
  if (absl::IsNotFound(config.status())) return absl::OkStatus();
  PLUMB_RETURN_IF_ERROR(config.status());
  nlohmann::json told = nlohmann::json::object();
  for (const char* key : {"transformer_task", "module_output_name", "query_expansion"}) {
    if (config->contains(key)) told[key] = config->at(key);
  }
  ConfigReader reader(told);
  reader.Only("transformer_task", "feature-extraction");
  reader.Only("module_output_name", "token_embeddings");
  reader.Only("query_expansion", nullptr);
  absl::Status status = reader.Finish();
  return status.ok() ? status : Annotate(status, path);
}

}  // namespace plumb
