#include "verify/inference/architectures/config_reader.h"

#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/not_understood.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

// A value as a message quotes it, cut to a readable length.
std::string Quoted(const Json& value) {
  constexpr size_t kBytesMax = 60;
  std::string text = value.is_structured() ? (value.is_array() ? "a list" : "an object")
                                           : value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kBytesMax) text = text.substr(0, kBytesMax) + "...";
  return text;
}

// transformers' names of activations; it computes `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh` alike.
constexpr std::pair<std::string_view, UnaryFunction> kActivations[] = {
    {"gelu", UnaryFunction::kGeluErf},
    {"gelu_python", UnaryFunction::kGeluErf},
    {"gelu_new", UnaryFunction::kGeluTanh},
    {"gelu_fast", UnaryFunction::kGeluTanh},
    {"gelu_pytorch_tanh", UnaryFunction::kGeluTanh},
    {"quick_gelu", UnaryFunction::kQuickGelu},
    {"relu", UnaryFunction::kRelu},
    {"sigmoid", UnaryFunction::kSigmoid},
    {"silu", UnaryFunction::kSilu},
    {"swish", UnaryFunction::kSilu},
    {"tanh", UnaryFunction::kTanh},
};

}  // namespace

bool ConfigReader::Has(const std::string& key) const {
  auto found = config_.find(key);
  return found != config_.end() && !found->is_null();
}

const Json* ConfigReader::Find(const std::string& key) {
  seen_.insert(key);
  auto found = config_.find(key);
  return found == config_.end() || found->is_null() ? nullptr : &*found;
}

const Json* ConfigReader::Need(const std::string& key, std::string_view expected) {
  const Json* value = Find(key);
  if (value == nullptr) Refuse(key, fmt::format("is missing, expected {}", expected));
  return value;
}

void ConfigReader::Refuse(const std::string& key, std::string_view why) {
  if (error_.empty()) error_ = fmt::format("config key \"{}{}\" {}", path_, key, why);
}

uint64_t ConfigReader::Size(const std::string& key, uint64_t most) {
  std::string expected = fmt::format("a whole number from 1 to {}", most);
  const Json* value = Need(key, expected);
  if (value == nullptr) return 1;
  if (!value->is_number_unsigned() || value->get<uint64_t>() < 1 || value->get<uint64_t>() > most) {
    Refuse(key, fmt::format("is {}, expected {}", Quoted(*value), expected));
    return 1;
  }
  return value->get<uint64_t>();
}

uint64_t ConfigReader::SizeOr(const std::string& key, uint64_t most, uint64_t absent) {
  return Find(key) == nullptr ? absent : Size(key, most);
}

std::optional<uint64_t> ConfigReader::SizeOrNull(const std::string& key, uint64_t most) {
  if (Has(key)) return Size(key, most);
  seen_.insert(key);
  if (!config_.contains(key)) Refuse(key, "is missing; null would mean that there is none");
  return std::nullopt;
}

uint64_t ConfigReader::Count(const std::string& key, uint64_t most) {
  std::string expected = fmt::format("a whole number from 0 to {}", most);
  const Json* value = Need(key, expected);
  if (value == nullptr) return 0;
  if (!value->is_number_unsigned() || value->get<uint64_t>() > most) {
    Refuse(key, fmt::format("is {}, expected {}", Quoted(*value), expected));
    return 0;
  }
  return value->get<uint64_t>();
}

double ConfigReader::Positive(const std::string& key) {
  const Json* value = Need(key, "a number above zero");
  if (value == nullptr) return 1;
  double number = value->is_number() ? value->get<double>() : 0;
  if (!(number > 0) || !std::isfinite(number)) {
    Refuse(key, fmt::format("is {}, expected a number above zero", Quoted(*value)));
    return 1;
  }
  return number;
}

std::optional<double> ConfigReader::PositiveIfAny(const std::string& key) {
  if (Find(key) == nullptr) return std::nullopt;
  return Positive(key);
}

std::optional<double> ConfigReader::PositiveOrNull(const std::string& key) {
  if (!config_.contains(key)) Refuse(key, "is missing; null would mean that there is none");
  return PositiveIfAny(key);
}

std::string ConfigReader::Text(const std::string& key) {
  const Json* value = Need(key, "a text");
  if (value == nullptr) return "";
  if (!value->is_string()) {
    Refuse(key, fmt::format("is {}, expected a text", Quoted(*value)));
    return "";
  }
  return value->get<std::string>();
}

bool ConfigReader::FlagOr(const std::string& key, bool absent) {
  seen_.insert(key);
  auto value = config_.find(key);
  if (value == config_.end()) return absent;
  if (!value->is_boolean()) {
    Refuse(key, fmt::format("is {}, expected true or false", Quoted(*value)));
    return absent;
  }
  return value->get<bool>();
}

bool ConfigReader::Flag(const std::string& key) {
  Need(key, "true or false");
  return FlagOr(key, false);
}

std::vector<std::string> ConfigReader::TextsOr(const std::string& key) {
  std::vector<std::string> texts;
  const Json* value = Find(key);
  if (value == nullptr) return texts;
  if (!value->is_array()) Refuse(key, fmt::format("is {}, expected a list of texts", Quoted(*value)));
  for (const Json& item : *value) {
    if (!item.is_string()) {
      Refuse(key, "is not a list of texts");
      break;
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::vector<double> ConfigReader::Positives(const std::string& key) {
  std::vector<double> numbers;
  const Json* value = Need(key, "a list of numbers above zero");
  if (value == nullptr) return numbers;
  if (!value->is_array()) Refuse(key, fmt::format("is {}, expected a list of numbers above zero", Quoted(*value)));
  for (const Json& item : *value) {
    double number = item.is_number() ? item.get<double>() : 0;
    if (!(number > 0) || !std::isfinite(number)) {
      Refuse(key, "is not a list of numbers above zero");
      break;
    }
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<uint64_t> ConfigReader::CountsOr(const std::string& key, uint64_t most) {
  std::vector<uint64_t> counts;
  const Json* value = Find(key);
  if (value == nullptr) return counts;
  if (!value->is_array()) Refuse(key, fmt::format("is {}, expected a list of whole numbers", Quoted(*value)));
  for (const Json& item : *value) {
    if (!item.is_number_unsigned() || item.get<uint64_t>() > most) {
      Refuse(key, fmt::format("is not a list of whole numbers up to {}", most));
      break;
    }
    counts.push_back(item.get<uint64_t>());
  }
  return counts;
}

UnaryFunction ConfigReader::Activation(const std::string& key) {
  const std::string name = Text(key);
  for (const auto& [known, function] : kActivations) {
    if (name == known) return function;
  }
  Refuse(key, fmt::format("names the unknown function \"{}\"", name.substr(0, 64)));
  return UnaryFunction::kRelu;
}

const Json* ConfigReader::Object(const std::string& key) {
  const Json* value = Find(key);
  if (value != nullptr && !value->is_object()) {
    Refuse(key, fmt::format("is {}, expected an object", Quoted(*value)));
    return nullptr;
  }
  return value;
}

void ConfigReader::Include(const ConfigReader& inner) {
  absl::Status status = inner.Finish();
  if (error_.empty() && !status.ok()) error_ = Message(status);
}

void ConfigReader::Only(const std::string& key, const Json& only) {
  const Json* value = Find(key);
  if (value != nullptr && *value != only) {
    Refuse(key, fmt::format("is {}, of which only {} is supported", Quoted(*value), Quoted(only)));
  }
}

void ConfigReader::Irrelevant(std::initializer_list<const char*> keys) {
  for (const char* key : keys) seen_.insert(key);
}

void ConfigReader::IrrelevantToAll() {
  // Labels, records and how transformers returns what it computed.
  Irrelevant({"model_type",
              "transformers_version",
              "_name_or_path",
              "_commit_hash",
              "auto_map",
              "torch_dtype",
              "dtype",
              "torchscript",
              "use_bfloat16",
              "tf_legacy_loss",
              "id2label",
              "label2id",
              "num_labels",
              "_num_labels",
              "problem_type",
              "finetuning_task",
              "task_specific_params",
              "prefix",
              "tokenizer_class",
              "return_dict",
              "use_cache",
              "output_attentions",
              "output_hidden_states",
              "use_return_dict",
              "keys_to_ignore_at_inference",
              "cache_implementation",
              "attn_implementation",
              "_attn_implementation",
              "_attn_implementation_autoset",
              "gradient_checkpointing",
              "chunk_size_feed_forward",
              "initializer_range",
              "output_past"});
  // Notes that tools leave behind: which of them wrote the file, and what they do around the model.
  Irrelevant({"unsloth_fixed", "unsloth_version", "transformers.js_config", "sentence_transformers",
              "sbert_ce_default_activation_function", "model_max_length", "license"});
  // Generation: what is done with the output.
  Irrelevant({"bos_token_id",
              "eos_token_id",
              "pad_token_id",
              "sep_token_id",
              "decoder_start_token_id",
              "max_length",
              "min_length",
              "do_sample",
              "early_stopping",
              "num_beams",
              "num_beam_groups",
              "diversity_penalty",
              "temperature",
              "top_k",
              "top_p",
              "typical_p",
              "repetition_penalty",
              "length_penalty",
              "no_repeat_ngram_size",
              "encoder_no_repeat_ngram_size",
              "bad_words_ids",
              "num_return_sequences",
              "output_scores",
              "return_dict_in_generate",
              "forced_bos_token_id",
              "forced_eos_token_id",
              "remove_invalid_values",
              "exponential_decay_length_penalty",
              "suppress_tokens",
              "begin_suppress_tokens",
              "max_new_tokens",
              "penalty_alpha",
              "renormalize_logits"});
  Only("quantization_config", nullptr);
  Only("quantization", nullptr);
  Only("pruned_heads", Json::object());
  Only("add_cross_attention", false);
  Only("cross_attention_hidden_size", nullptr);
  Only("tie_encoder_decoder", false);
}

absl::Status ConfigReader::Finish() const {
  constexpr size_t kNamedMax = 10;
  std::vector<std::string> unknown;
  for (const auto& [key, value] : config_.items()) {
    if (!seen_.contains(key) && unknown.size() < kNamedMax) {
      unknown.push_back(fmt::format("\"{}{}\"", path_, key.substr(0, 64)));
    }
  }
  if (unknown.empty()) return error_.empty() ? absl::OkStatus() : NotUnderstood(error_);
  return NotUnderstood(fmt::format("{}config has keys of unknown meaning: {}", error_.empty() ? "" : error_ + "; ",
                                   fmt::join(unknown, ", ")));
}

}  // namespace plumb
