// Which of a model folder's files is its tokenizer.
#include <optional>

#include "fmt/format.h"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/section.h"

namespace plumb {
namespace {

// The files of one folder below a directory.
class Folder {
 public:
  Folder(const Directory& directory, std::string_view folder) : directory_(directory), folder_(folder) {}

  // The whole file; nullopt when there is none.
  absl::StatusOr<std::optional<std::string>> Read(std::string_view name) const {
    const std::string path = fmt::format("{}{}", folder_, name);
    absl::StatusOr<UniqueFd> file = directory_.OpenFile(path);
    if (absl::IsNotFound(file.status())) return std::nullopt;
    PLUMB_RETURN_IF_ERROR(file.status());
    PLUMB_ASSIGN_OR_RETURN(const uint64_t size, FileSize(file->get(), path));
    if (size > limits::kTokenizerBytesMax) {
      return text::Refuse(path, fmt::format("{} bytes, expected at most {}", size, limits::kTokenizerBytesMax));
    }
    std::string bytes(size, '\0');
    PLUMB_RETURN_IF_ERROR(PreadExactly(file->get(), {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, 0, path));
    return bytes;
  }

  // A JSON object; null when there is no such file.
  absl::StatusOr<nlohmann::json> ReadJson(std::string_view name) const {
    PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> text, Read(name));
    if (!text) return nlohmann::json();
    PLUMB_ASSIGN_OR_RETURN(nlohmann::json json, ParseJson(*text, name));
    if (!json.is_object()) return text::Refuse(name, "expected an object");
    return json;
  }

 private:
  const Directory& directory_;
  std::string folder_;
};

// What tokenizer_config.json adds around a text, for the classes that stand on a SentencePiece model.
absl::StatusOr<SentencePieceOptions> OptionsOf(const nlohmann::json& config) {
  if (config.is_null()) return SentencePieceOptions{};
  auto flag = [&config](const char* key) -> std::optional<bool> {
    const auto found = config.find(key);
    return found == config.end() || !found->is_boolean() ? std::nullopt : std::optional(found->get<bool>());
  };
  auto class_name = config.contains("tokenizer_class") && config["tokenizer_class"].is_string()
                        ? config["tokenizer_class"].get<std::string>()
                        : std::string();
  if (class_name.ends_with("Fast")) class_name.resize(class_name.size() - 4);
  SentencePieceOptions options;
  if (class_name == "LlamaTokenizer" || class_name == "GemmaTokenizer") {
    options.add_bos = true;
  } else if (class_name == "T5Tokenizer") {
    options.add_eos = true;
  } else if (!flag("add_bos_token") || !flag("add_eos_token")) {
    return text::Refuse("tokenizer_config.json", fmt::format("what '{}' adds around a text is not known", class_name));
  }
  options.add_bos = flag("add_bos_token").value_or(options.add_bos);
  options.add_eos = flag("add_eos_token").value_or(options.add_eos);
  return options;
}

bool IsGpt2(const nlohmann::json& config) {
  return config.is_object() && config.contains("model_type") && config["model_type"] == "gpt2";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const Directory& directory, std::string_view folder) {
  const Folder files(directory, folder);
  PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> json, files.Read("tokenizer.json"));
  if (json) return ParseTokenizerJson(*json);
  for (std::string_view name : {"tokenizer.model", "spiece.model"}) {
    PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> model, files.Read(name));
    if (!model) continue;
    PLUMB_ASSIGN_OR_RETURN(const nlohmann::json config, files.ReadJson("tokenizer_config.json"));
    PLUMB_ASSIGN_OR_RETURN(const SentencePieceOptions options, OptionsOf(config));
    return ParseSentencePieceModel(*model, options);
  }
  PLUMB_ASSIGN_OR_RETURN(const nlohmann::json config, files.ReadJson("config.json"));
  PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> vocab, files.Read("vocab.json"));
  PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> merges, files.Read("merges.txt"));
  if (vocab && merges && IsGpt2(config)) return ParseGpt2Files(*vocab, *merges);
  return NotFound(fmt::format("{}/{} has no tokenizer.json, tokenizer.model or, for GPT-2, vocab.json and merges.txt",
                              directory.path(), folder));
}

}  // namespace plumb
