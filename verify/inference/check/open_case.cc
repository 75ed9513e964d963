#include "verify/inference/check/open_case.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

// So many that position-dependent faults show.
constexpr uint64_t kPositionsMin = 128;

Gate JudgeConfig(const OpenCase& open) {
  Gate gate = {.name = kConfigGate};
  if (!open.golden || open.golden->config_hash.empty()) {
    gate.detail = "no hash of the config is recorded";
    return gate;
  }
  absl::StatusOr<std::string> found = open.model->ConfigHash(open.task.graph);
  if (!found.ok()) {
    gate.detail = std::string(Message(found.status()));
    return gate;
  }
  const std::string& recorded = open.golden->config_hash;
  const std::string_view kind = std::string_view(*found).substr(0, found->find("sha256"));
  if (!recorded.starts_with(kind)) {
    gate.detail = fmt::format("the recorded hash is of another kind, {}", recorded.substr(0, 32));
    return gate;
  }
  gate.verdict = *found == recorded ? Verdict::kPass : Verdict::kFail;
  gate.measures.push_back({"differs", *found == recorded ? 0.0 : 1.0, 0});
  if (gate.verdict == Verdict::kFail) {
    gate.detail = fmt::format(
        "the config's hash is {}, recorded {}: an epsilon, angle, activation, scale, mask or shape differs from the "
        "recorded model's",
        *found, recorded);
  }
  return gate;
}

// `a/b/` of `a/b/c`; empty at the top.
std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// What was recorded as text must still give the recorded ids. A tokenizer that cannot be read says nothing.
std::optional<Gate> JudgeText(const Directory& folder, const SmokeCase& wanted, const OpenCase& open,
                              const SmokeOptions& options) {
  if (open.golden->text.empty() || !open.language) return std::nullopt;
  std::string fingerprint;
  absl::StatusOr<TokenBatch> tokens =
      TokenizePrompt(folder, wanted.config_path, open.golden->text, open.model->model(), options, &fingerprint);
  if (absl::IsNotFound(tokens.status())) return std::nullopt;  // The tokenizer was not pulled.
  Gate gate = {.name = kTextGate};
  if (!tokens.ok()) {
    gate.detail = fmt::format("the recorded text was not compared with its ids: {}", Message(tokens.status()));
    return gate;
  }
  const bool same_ids = tokens->ids == open.golden->tokens.ids;
  const bool same_tokenizer = open.golden->tokenizer.empty() || open.golden->tokenizer == fingerprint;
  gate.verdict = same_ids && same_tokenizer ? Verdict::kPass : Verdict::kFail;
  gate.measures.push_back({"differs", same_ids && same_tokenizer ? 0.0 : 1.0, 0});
  if (!same_ids) {
    gate.detail = "the tokenizer does not give the recorded token ids for the recorded text";
  } else if (!same_tokenizer) {
    gate.detail = fmt::format("the tokenizer's fingerprint is {}, recorded {}", fingerprint, open.golden->tokenizer);
  }
  return gate;
}

absl::StatusOr<Task> MakeTask(const RunnableModel& model, ModelInputs inputs) {
  Task task = {.inputs = std::move(inputs), .graph = {}};
  PLUMB_ASSIGN_OR_RETURN(task.graph, model.BuildGraph(task.inputs));
  return task;
}

// How long the sequences of ids are.
uint64_t TokensOf(const ModelInputs& inputs) {
  auto ids = inputs.values.find(kInputIds);
  return ids == inputs.values.end() || ids->second.shape.empty() ? 0 : ids->second.shape.back();
}

// The same on longer sequences that are made up; nothing when the model takes no longer ones.
std::optional<Task> MakeLonger(const RunnableModel& model, const ModelInputs& recorded) {
  absl::StatusOr<ModelInputs> inputs = model.DefaultInputs(kPositionsMin);
  if (!inputs.ok() || TokensOf(*inputs) <= TokensOf(recorded)) return std::nullopt;
  absl::StatusOr<Task> task = MakeTask(model, *std::move(inputs));
  return task.ok() ? std::optional<Task>(*std::move(task)) : std::nullopt;
}

// A prompt that cannot be taken is a wrong call, unless it is the tokenizer that is malformed or not understood.
absl::Status OfPrompt(const absl::Status& status) {
  return ErrorClassOf(status) == ErrorClass::kNone ? WithErrorClass(status, ErrorClass::kUsage) : status;
}

// What a model without a golden, or with a short one, is run on.
absl::StatusOr<ModelInputs> ChooseInputs(const Directory& folder, const SmokeCase& wanted, const OpenCase& open,
                                         const SmokeOptions& options) {
  const Model& model = open.model->model();
  const uint64_t positions = options.positions.value_or(kPositionsMin);
  if (positions == 0 || (open.language && options.positions && positions > model.positions_max())) {
    return WithErrorClass(InvalidArgument(fmt::format("{} positions were asked for, the model has 1 to {}", positions,
                                                      model.positions_max())),
                          ErrorClass::kUsage);
  }
  std::string fingerprint;
  if (!open.language) {
    if (options.prompt.empty()) return open.model->DefaultInputs(positions);
    if (!open.model->TakesIds()) {
      return WithErrorClass(InvalidArgument(fmt::format("{}: a prompt needs a language model", wanted.weights_path)),
                            ErrorClass::kUsage);
    }
    absl::StatusOr<std::vector<int32_t>> ids =
        Tokenize(folder, wanted.config_path, options.prompt, options, &fingerprint);
    if (!ids.ok()) return OfPrompt(ids.status());
    return open.model->InputsForIds(*ids);
  }
  if (options.prompt.empty()) return InputsOf(DefaultTokens(model, positions));
  absl::StatusOr<TokenBatch> tokens =
      TokenizePrompt(folder, wanted.config_path, options.prompt, model, options, &fingerprint);
  if (!tokens.ok()) return OfPrompt(tokens.status());
  return InputsOf(*tokens);
}

}  // namespace

absl::StatusOr<OpenCase> OpenSmokeCase(const Directory& folder, const SmokeCase& wanted, const SmokeOptions& options) {
  OpenCase open;
  PLUMB_ASSIGN_OR_RETURN(open.model, OpenModel(folder, wanted, options));
  const RunnableModel* loaded = open.model.get();
  if (options.await_tensor) {
    open.weights = std::make_unique<WeightSurvey>(*loaded, [=, await = options.await_tensor](const std::string& name) {
      return await(wanted.weights_path, loaded->ContainerName(name));
    });
  } else {
    PLUMB_RETURN_IF_ERROR(loaded->CheckCopies());
    open.weights = std::make_unique<WeightSurvey>(*loaded);
  }
  const Model& model = open.model->model();
  open.language = IsLanguageModel(model);
  const bool asked = options.positions.has_value() || !options.prompt.empty();
  if (!wanted.golden_path.empty()) {
    PLUMB_ASSIGN_OR_RETURN(open.golden, loaded->LoadGolden(folder, wanted.golden_path));
    open.text = JudgeText(folder, wanted, open, options);
    const uint64_t recorded = open.golden->inputs.positions;
    absl::StatusOr<Task> task = MakeTask(*loaded, std::move(open.golden->inputs));
    if (absl::IsInvalidArgument(task.status()) && ErrorClassOf(task.status()) == ErrorClass::kNone) {
      // Inputs that the model does not take were recorded of another.
      return WithErrorClass(Annotate(task.status(), "golden " + wanted.golden_path), ErrorClass::kPolicy);
    }
    PLUMB_RETURN_IF_ERROR(task.status());
    open.task = *std::move(task);
    if (asked || (open.language && recorded < std::min(kPositionsMin, model.positions_max()))) {
      PLUMB_ASSIGN_OR_RETURN(ModelInputs inputs, ChooseInputs(folder, wanted, open, options));
      PLUMB_ASSIGN_OR_RETURN(open.long_task, MakeTask(*loaded, std::move(inputs)));
    } else if (loaded->TakesIds() && TokensOf(open.task.inputs) < kPositionsMin) {
      open.long_task = MakeLonger(*loaded, open.task.inputs);
    }
  } else {
    PLUMB_ASSIGN_OR_RETURN(ModelInputs inputs, ChooseInputs(folder, wanted, open, options));
    PLUMB_ASSIGN_OR_RETURN(open.task, MakeTask(*loaded, std::move(inputs)));
  }
  open.config = JudgeConfig(open);
  return open;
}

absl::StatusOr<std::vector<int32_t>> Tokenize(const Directory& folder, const std::string& config_path,
                                              std::string_view text, const SmokeOptions& options,
                                              std::string* fingerprint) {
  if (!options.open_tokenizer) return NotFound("this program opens no tokenizers");
  const std::string beside(FolderOf(config_path));
  const bool inside = config_path.ends_with(".gguf");
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = options.open_tokenizer(folder, inside ? config_path : beside);
  // Repositories of transformers keep ONNX files in a folder of their own below the tokenizer's.
  if (absl::IsNotFound(tokenizer.status()) && config_path.ends_with(".onnx") && !beside.empty()) {
    const std::string_view above = FolderOf(std::string_view(beside).substr(0, beside.size() - 1));
    tokenizer = options.open_tokenizer(folder, above);
  }
  PLUMB_RETURN_IF_ERROR(tokenizer.status());
  PLUMB_ASSIGN_OR_RETURN(std::vector<int32_t> ids, (*tokenizer)->Encode(text));
  if (ids.empty()) return InvalidArgument("the text has no tokens");
  *fingerprint = (*tokenizer)->Fingerprint();
  return ids;
}

absl::StatusOr<TokenBatch> TokenizePrompt(const Directory& folder, const std::string& config_path,
                                          std::string_view text, const Model& model, const SmokeOptions& options,
                                          std::string* fingerprint) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<int32_t> ids, Tokenize(folder, config_path, text, options, fingerprint));
  TokenBatch tokens = {.sequences = 1, .positions = ids.size(), .ids = std::move(ids)};
  PLUMB_RETURN_IF_ERROR(CheckTokens(tokens, model));
  return tokens;
}

}  // namespace plumb
