// Which of a model folder's files is its tokenizer.
#include <optional>

#include "fmt/format.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/status.h"
#include "plumb/gguf/gguf.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/folder_files.h"
#include "verify/tokenizer/section.h"

namespace plumb {
namespace {

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
    return text::NotKnown("tokenizer_config.json",
                          fmt::format("what '{}' adds around a text is not known", class_name));
  }
  options.add_bos = flag("add_bos_token").value_or(options.add_bos);
  options.add_eos = flag("add_eos_token").value_or(options.add_eos);
  return options;
}

bool IsGpt2(const nlohmann::json& config) {
  return config.is_object() && config.contains("model_type") && config["model_type"] == "gpt2";
}

// Whether `path` is a GGUF file directly in `folder`, and not a later part of a split one.
bool IsWholeGguf(std::string_view path, std::string_view folder) {
  constexpr std::string_view kSuffix = ".gguf";
  constexpr std::string_view kFirst = "-00001-of-00000";
  if (!path.starts_with(folder) || !path.ends_with(kSuffix)) return false;
  path.remove_prefix(folder.size());
  path.remove_suffix(kSuffix.size());
  if (path.find('/') != std::string_view::npos) return false;
  if (path.size() < kFirst.size()) return true;
  const std::string_view end = path.substr(path.size() - kFirst.size());
  return end[0] != '-' || end.substr(6, 4) != "-of-" || end.starts_with("-00001-of-");
}

// The vocabulary in one GGUF file; nullptr when it has none.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenGgufFile(const Directory& directory, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const ByteSource> bytes,
                         DirectoryByteFolder(&directory).Open(std::string(path)));
  PLUMB_ASSIGN_OR_RETURN(gguf::GgufHeader header, gguf::GgufHeader::Read(*bytes, path));
  const Metadata metadata(std::move(header.metadata));
  if (metadata.Find("tokenizer.ggml.model") == nullptr) return nullptr;
  // What llama.cpp's converter, and ours, write for a model without a vocabulary.
  const auto* model = metadata.Get<std::string>("tokenizer.ggml.model");
  if (model != nullptr && *model == "none") return nullptr;
  PLUMB_ASSIGN_OR_RETURN(const GgufVocabulary vocabulary, ReadGgufVocabulary(metadata));
  return ParseGgufTokenizer(vocabulary);
}

// The vocabulary that all GGUF files of the folder have that have one; nullptr when there is no such file.
absl::StatusOr<std::unique_ptr<Tokenizer>> OpenGguf(const Directory& directory, std::string_view folder) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<DirectoryEntry> entries, directory.List({}));
  std::unique_ptr<Tokenizer> found;
  std::string found_in;
  for (const DirectoryEntry& entry : entries) {
    if (!IsWholeGguf(entry.path, folder)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Tokenizer> tokenizer, OpenGgufFile(directory, entry.path));
    if (tokenizer == nullptr) continue;
    if (found == nullptr) {
      found = std::move(tokenizer);
      found_in = entry.path;
    } else if (found->Fingerprint() != tokenizer->Fingerprint()) {
      return text::Refuse(entry.path, fmt::format("another vocabulary than {}", found_in));
    }
  }
  return found;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> OpenTokenizer(const Directory& directory, std::string_view folder) {
  if (folder.ends_with(".gguf")) {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Tokenizer> inside, OpenGgufFile(directory, folder));
    if (inside != nullptr) return inside;
    folder = folder.substr(0, folder.rfind('/') + 1);
  }
  const FolderFiles files(directory, folder);
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
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Tokenizer> gguf, OpenGguf(directory, folder));
  if (gguf != nullptr) return gguf;
  return NotFound(
      fmt::format("{}/{} has no tokenizer.json, tokenizer.model, *.gguf or, for GPT-2, vocab.json and merges.txt",
                  directory.path(), folder));
}

}  // namespace plumb
