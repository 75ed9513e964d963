#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "client/library/folder_json.h"
#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/publish_limits.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"

namespace plumb {
namespace {

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Texts that are too long to be facts say nothing.
std::string Fact(std::string text) { return text.size() <= limits::kFactBytesMax ? text : std::string(); }

bool AnyFile(const PublishPlan& plan, bool (*is)(std::string_view path)) {
  return std::any_of(plan.files.begin(), plan.files.end(), [is](const PlannedFile& file) { return is(file.path); });
}

bool HasWeights(const PublishPlan& plan) {
  return std::any_of(plan.containers.begin(), plan.containers.end(),
                     [](const PlannedContainer& container) { return !IsTrainingState(container.path); }) ||
         AnyFile(plan, [](std::string_view path) { return !FormatOfName(path).empty() && !IsGolden(path); });
}

// Of tensors that belong to low-rank adapters, whatever tool wrote them.
bool IsAdapterTensor(std::string_view name) {
  for (std::string_view part : {"lora_A", "lora_B", "lora_up", "lora_down", "lora_a", "lora_b", "lora_embedding",
                                "lora_magnitude", "hada_w", "lokr_w", "oft_", "prompt_embeddings", ".alpha",
                                "dora_scale", "ia3_l", "modules_to_save", "base_model.model."}) {
    if (name.find(part) != name.npos) return true;
  }
  return false;
}

bool HoldsAdapterTensors(const PublishPlan& plan) {
  size_t adapter = 0;
  size_t all = 0;
  for (const PlannedFile& file : plan.files) {
    for (const v1::Tensor& tensor : file.tensors) {
      ++all;
      if (IsAdapterTensor(tensor.name())) ++adapter;
    }
  }
  return all > 0 && adapter == all;
}

bool IsAdapter(const PublishPlan& plan) {
  if (plan.Has("adapter_config.json")) return true;
  const auto named = [](std::string_view path) {
    const std::string_view name = BaseName(path);
    return name.starts_with("pytorch_lora_weights") || name.starts_with("adapter_model") ||
           name.starts_with("learned_embeds");
  };
  if (AnyFile(plan, named) && !plan.Has("config.json") && !plan.Has("model_index.json")) return true;
  for (const PlannedContainer& container : plan.containers) {
    auto type = container.texts.find("general.type");
    if (type != container.texts.end() && type->second == "adapter") return true;
  }
  return HoldsAdapterTensors(plan);
}

bool IsTokenizerFile(std::string_view path) {
  static constexpr std::array<std::string_view, 12> kNames = {"tokenizer.json",
                                                              "tokenizer.model",
                                                              "spiece.model",
                                                              "vocab.json",
                                                              "vocab.txt",
                                                              "merges.txt",
                                                              "tekken.json",
                                                              "source.spm",
                                                              "target.spm",
                                                              "sentencepiece.bpe.model",
                                                              "tokenizer_config.json",
                                                              "tokenizer.tiktoken"};
  return std::find(kNames.begin(), kNames.end(), BaseName(path)) != kNames.end() || path.ends_with(".tiktoken");
}

bool IsDataFile(std::string_view path) {
  static constexpr std::array<std::string_view, 12> kEndings = {".parquet",   ".arrow",    ".jsonl",  ".jsonl.gz",
                                                                ".jsonl.zst", ".csv",      ".csv.gz", ".tsv",
                                                                ".json.gz",   ".tfrecord", ".txt.gz", ".webdataset"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return path.ends_with(ending); });
}

bool IsDataset(const PublishPlan& plan) {
  if (HasWeights(plan)) return false;
  return plan.card.describes_dataset || plan.Has("dataset_infos.json") || plan.Has("dataset_dict.json") ||
         plan.Has("dataset_info.json") || AnyFile(plan, &IsDataFile);
}

// The number at the end of `checkpoint-500`, `global_step500` or `iter_0000500`; nullopt for other names.
std::optional<uint64_t> StepIn(std::string_view name) {
  while (name.ends_with('/') || name.ends_with('\n') || name.ends_with(' ')) name.remove_suffix(1);
  name = BaseName(name);
  const size_t digits = name.find_last_not_of("0123456789") + 1;  // 0 when there is nothing else.
  if (digits == name.size()) return std::nullopt;
  const std::string_view word = name.substr(0, digits);
  const bool known = word.empty() || word.starts_with("checkpoint") || word.starts_with("global_step") ||
                     word.starts_with("iter") || word.starts_with("step");
  uint64_t step = 0;
  const auto [end, error] = std::from_chars(name.data() + digits, name.data() + name.size(), step);
  return known && error == std::errc() ? std::optional(step) : std::nullopt;
}

// State that only a training that goes on needs, at the top or in a folder of its own there.
bool IsStateOfTraining(std::string_view path) {
  const std::string_view top = path.substr(0, path.find('/'));
  const std::string_view name = BaseName(path);
  return (top.size() == path.size() && (name.starts_with("optimizer.") || name.starts_with("scheduler.") ||
                                        name.starts_with("rng_state") || name.starts_with("random_states"))) ||
         top.starts_with("optimizer_") || top.starts_with("pytorch_model_fsdp") || top.starts_with("global_step") ||
         top.starts_with("iter_") || path.ends_with(".distcp") || name.find("_optim_states") != name.npos ||
         name == "distrib_optim.pt";
}

// The step of the training whose state this is: what the trainer wrote down, or else what the folder is called.
std::optional<uint64_t> StepOf(const Directory& folder, const PublishPlan& plan) {
  if (std::optional<nlohmann::json> state = ReadFolderJson(folder, plan, "trainer_state.json")) {
    auto step = state->find("global_step");
    if (step != state->end() && step->is_number_unsigned()) return step->get<uint64_t>();
  }
  for (const char* name : {"latest", "latest_checkpointed_iteration.txt"}) {
    if (!plan.Has(name)) continue;
    absl::StatusOr<std::string> text = ReadText(folder, name, limits::kFactBytesMax);
    if (text.ok() && StepIn(*text).has_value()) return StepIn(*text);
  }
  return StepIn(folder.path());
}

std::string FormOf(const PublishPlan& plan) {
  if (plan.Has("model_index.json")) return "diffusion pipeline";
  if (IsAdapter(plan)) return "adapter";
  if (plan.Has("modules.json")) return "sentence encoder";
  if (HasWeights(plan)) return "model";
  if (AnyFile(plan, &IsStateOfTraining)) return "training state";
  if (IsDataset(plan)) return "dataset";
  if (AnyFile(plan, &IsTokenizerFile)) return "tokenizer";
  if (plan.manifest.has_recipe()) return "recipe";
  return AnyFile(plan, &IsWeightName) ? "model" : "files";
}

std::string LibraryOf(const PublishPlan& plan, const std::optional<nlohmann::json>& config,
                      const std::optional<nlohmann::json>& adapter) {
  if (!plan.card.card.library().empty()) return plan.card.card.library();
  if (plan.Has("model_index.json")) return "diffusers";
  if (adapter.has_value())
    return adapter->contains("peft_type") ? "peft" : adapter->contains("lora_parameters") ? "mlx" : "";
  if (plan.Has("modules.json")) return "sentence-transformers";
  if (config.has_value() && config->contains("model_type")) return "transformers";
  if (config.has_value() && config->contains("architecture") && config->contains("pretrained_cfg")) return "timm";
  return "";
}

// By what classes of transformers' end in.
std::string TaskOf(const PublishPlan& plan, const std::optional<nlohmann::json>& config) {
  if (!plan.card.card.pipeline().empty()) return plan.card.card.pipeline();
  static constexpr std::pair<std::string_view, std::string_view> kTasks[] = {
      {"WhisperForConditionalGeneration", "automatic-speech-recognition"},
      {"ForCausalLM", "text-generation"},
      {"LMHeadModel", "text-generation"},
      {"ForSequenceClassification", "text-classification"},
      {"ForTokenClassification", "token-classification"},
      {"ForQuestionAnswering", "question-answering"},
      {"ForMaskedLM", "fill-mask"},
      {"ForImageClassification", "image-classification"},
      {"ForObjectDetection", "object-detection"},
      {"ForCTC", "automatic-speech-recognition"},
      {"ForSpeechSeq2Seq", "automatic-speech-recognition"},
      {"ForAudioClassification", "audio-classification"}};
  const std::string architecture = config.has_value() ? FirstText(*config, "architectures") : "";
  for (const auto& [ending, task] : kTasks) {
    if (architecture.ends_with(ending)) return std::string(task);
  }
  return plan.Has("modules.json") ? "sentence-similarity" : "";
}

std::string FamilyOf(const Directory& folder, const PublishPlan& plan, const std::optional<nlohmann::json>& config) {
  if (std::optional<nlohmann::json> index = ReadFolderJson(folder, plan, "model_index.json")) {
    return FirstText(*index, "_class_name");
  }
  if (config.has_value()) {
    const std::string type = FirstText(*config, "model_type");
    return type.empty() ? FirstText(*config, "architecture") : type;
  }
  for (const PlannedContainer& container : plan.containers) {
    auto architecture = container.texts.find("general.architecture");
    if (architecture != container.texts.end()) return architecture->second;
  }
  return "";
}

// What a config states, its language model's part included; empty when nothing.
std::string QuantisationStated(const nlohmann::json& config) {
  auto part = [](const nlohmann::json& object, const char* key) {
    auto found = object.find(key);
    return found != object.end() && found->is_object() ? &*found : nullptr;
  };
  const nlohmann::json* stated = part(config, "quantization_config");
  if (stated != nullptr) {
    const std::string method = absl::AsciiStrToLower(FirstText(*stated, "quant_method"));
    if (!method.empty()) return method;
    if (stated->contains("load_in_4bit") || stated->contains("load_in_8bit")) return "bitsandbytes";
  }
  // MLX writes the same object under both names.
  if (part(config, "quantization") != nullptr) return "mlx";
  if (stated != nullptr) return "unknown";
  if (part(config, "compression_config") != nullptr) return "compressed-tensors";
  const nlohmann::json* text = part(config, "text_config");
  const nlohmann::json* inner = text == nullptr ? nullptr : part(*text, "quantization_config");
  return inner == nullptr ? "" : absl::AsciiStrToLower(FirstText(*inner, "quant_method"));
}

std::string QuantisationOf(const PublishPlan& plan, const std::optional<nlohmann::json>& config) {
  const std::string stated = config.has_value() && config->is_object() ? QuantisationStated(*config) : "";
  if (!stated.empty()) return stated;
  // What tools leave beside the config.
  constexpr std::pair<const char*, const char*> kFiles[] = {
      {"quantize_config.json", "gptq"}, {"quant_config.json", "awq"}, {"hf_quant_config.json", "modelopt"}};
  for (const auto& [file, method] : kFiles) {
    if (plan.Has(file)) return method;
  }
  return "";
}

v1::Kind KindOf(const std::string& form, const PublishOptions& options, bool checkpoint) {
  if (options.kind != v1::KIND_UNSPECIFIED) return options.kind;
  if (options.step.has_value() || checkpoint) return v1::KIND_CHECKPOINT;
  if (form == "adapter") return v1::KIND_ADAPTER;
  return form == "recipe" ? v1::KIND_RECIPE : v1::KIND_WEIGHTS;
}

}  // namespace

absl::Status PlanKind(const Directory& folder, const PublishOptions& options, const Operation& operation,
                      PublishPlan* plan) {
  const std::optional<nlohmann::json> config = ReadFolderJson(folder, *plan, "config.json");
  const std::optional<nlohmann::json> adapter = ReadFolderJson(folder, *plan, "adapter_config.json");
  v1::ReleaseFacts* facts = plan->manifest.mutable_facts();
  facts->set_form(FormOf(*plan));
  facts->set_library(Fact(LibraryOf(*plan, config, adapter)));
  facts->set_task(Fact(TaskOf(*plan, config)));
  facts->set_family(Fact(FamilyOf(folder, *plan, config)));
  facts->set_quantisation(Fact(QuantisationOf(*plan, config)));
  std::set<std::string> formats;
  for (const PlannedContainer& container : plan->containers) formats.insert(container.format);
  for (const std::string& format : formats) {
    if (static_cast<size_t>(facts->formats_size()) < limits::kFactsOfAKindMax) facts->add_formats(format);
  }
  const bool training = AnyFile(*plan, &IsStateOfTraining);
  if (training) plan->step = StepOf(folder, *plan);
  plan->manifest.set_kind(KindOf(facts->form(), options, plan->step.has_value()));
  if (training && plan->manifest.kind() == v1::KIND_WEIGHTS && options.kind == v1::KIND_UNSPECIFIED) {
    operation.Warn("this looks like a checkpoint of a training; --step N records it as one");
  }
  if (facts->form() == "files") operation.Warn("no weights were found; the files are published under the kind weights");
  if (facts->form() == "dataset") {
    operation.Warn("the folder holds a dataset and no weights; it is published as that, under the kind weights");
  }
  return absl::OkStatus();
}

}  // namespace plumb
