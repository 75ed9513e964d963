// tokenizer.json of Hugging Face `tokenizers`, and the two files GPT-2 came with before it.
#include <optional>

#include "fmt/format.h"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/pipeline.h"
#include "verify/tokenizer/section.h"

namespace plumb {
namespace {

absl::Status CheckFileSize(std::string_view text, std::string_view name) {
  if (text.size() <= limits::kTokenizerBytesMax) return absl::OkStatus();
  return text::NotKnown(name, fmt::format("{} bytes, expected at most {}", text.size(), limits::kTokenizerBytesMax));
}

// Reads one of the sections that may be null; `parse` is called with its place and a count of rules.
template <typename Made, typename Parse>
absl::Status ParseSection(text::Section& top, const std::string& key, Parse parse, Made& made) {
  const nlohmann::json* section = top.Find(key);
  if (section == nullptr) return absl::OkStatus();
  size_t stages = 0;
  PLUMB_ASSIGN_OR_RETURN(made, parse(*section, key, stages));
  return absl::OkStatus();
}

absl::StatusOr<nlohmann::json> ParseBounded(std::string_view text, std::string_view name) {
  PLUMB_RETURN_IF_ERROR(CheckFileSize(text, name));
  absl::StatusOr<nlohmann::json> json = ParseJson(text, name);
  if (!json.ok()) return WithErrorClass(json.status(), ErrorClass::kPolicy);
  return json;
}

// Lines "left right" below a line with the version.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseMergesText(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> merges;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      return text::Refuse("merges.txt", fmt::format("merge {} is not two tokens", merges.size()));
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> ParseTokenizerJson(std::string_view json) {
  PLUMB_ASSIGN_OR_RETURN(const nlohmann::json document, ParseBounded(json, "tokenizer.json"));
  text::Section top(document, "tokenizer.json");
  if (top.Text("version") != "1.0") top.NotKnownKey("version", "expected 1.0");
  // What loads these files for a model sets both for each call.
  top.Irrelevant({"truncation", "padding"});
  const nlohmann::json& model = top.Need("model");
  text::Steps steps;
  PLUMB_RETURN_IF_ERROR(ParseSection(top, "normalizer", text::ParseNormalizer, steps.normalizer));
  PLUMB_RETURN_IF_ERROR(ParseSection(top, "pre_tokenizer", text::ParsePreTokenizer, steps.pre_tokenizer));
  PLUMB_RETURN_IF_ERROR(ParseSection(top, "decoder", text::ParseDecoder, steps.decoder));
  const nlohmann::json* added = top.Find("added_tokens");
  const nlohmann::json* around = top.Find("post_processor");
  PLUMB_RETURN_IF_ERROR(top.Finish());
  PLUMB_ASSIGN_OR_RETURN(steps.model, text::ParseTokenModel(model));
  const text::Vocabulary& vocabulary = steps.model->vocabulary();
  uint64_t size = vocabulary.size();
  if (added != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(steps.added_tokens, text::ParseAddedTokens(*added, vocabulary));
    for (const text::AddedToken& token : steps.added_tokens) size = std::max<uint64_t>(size, token.id + 1);
  }
  if (around != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(steps.surroundings, text::ParsePostProcessor(*around, size));
  }
  return text::MakePipeline(std::move(steps));
}

absl::StatusOr<std::unique_ptr<Tokenizer>> ParseGpt2Files(std::string_view vocab, std::string_view merges) {
  constexpr std::string_view kEndOfText = "<|endoftext|>";
  PLUMB_ASSIGN_OR_RETURN(const nlohmann::json document, ParseBounded(vocab, "vocab.json"));
  PLUMB_RETURN_IF_ERROR(CheckFileSize(merges, "merges.txt"));
  PLUMB_ASSIGN_OR_RETURN(text::Vocabulary vocabulary, text::Vocabulary::FromJson(document, "vocab.json"));
  text::BpeRules rules;
  PLUMB_ASSIGN_OR_RETURN(rules.merges, ParseMergesText(merges));
  text::Steps steps;
  if (const std::optional<int32_t> id = vocabulary.Find(kEndOfText)) {
    steps.added_tokens.push_back({.id = *id, .content = std::string(kEndOfText), .special = true});
  }
  PLUMB_ASSIGN_OR_RETURN(steps.pre_tokenizer, text::MakeByteLevel(false, true));
  PLUMB_ASSIGN_OR_RETURN(steps.model, text::MakeBpe(std::move(vocabulary), rules, "merges.txt"));
  steps.decoder = text::MakeByteLevelDecoder();
  return text::MakePipeline(std::move(steps));
}

}  // namespace plumb
