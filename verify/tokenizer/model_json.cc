#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/model.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {
namespace {

constexpr uint64_t kWordCharactersMax = limits::kPromptBytesMax;

// "left right" or ["left", "right"].
absl::StatusOr<std::pair<std::string, std::string>> ParseMerge(const nlohmann::json& merge, const std::string& where) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
  }
  if (merge.is_string()) {
    const auto& text = merge.get_ref<const std::string&>();
    const size_t space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
      return std::pair(text.substr(0, space), text.substr(space + 1));
    }
  }
  return Refuse(where, "a merge must be two tokens");
}

ModelOr ParseBpe(Section& section) {
  PLUMB_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::FromJson(section.Need("vocab"), "model.vocab"));
  const nlohmann::json& list = section.List("merges");
  const nlohmann::json* dropout = section.Find("dropout");
  if (dropout != nullptr && *dropout != 0) section.NotKnownKey("dropout", "ids would be drawn by chance");
  BpeRules rules;
  rules.unknown = section.TextIf("unk_token");
  rules.continuing_prefix = section.TextIf("continuing_subword_prefix").value_or("");
  rules.word_suffix = section.TextIf("end_of_word_suffix").value_or("");
  rules.fuse_unknown = section.FlagOr("fuse_unk", false);
  rules.byte_fallback = section.FlagOr("byte_fallback", false);
  rules.ignore_merges = section.FlagOr("ignore_merges", false);
  PLUMB_RETURN_IF_ERROR(section.Finish());
  if (list.size() > limits::kMergesMax) return NotKnown("model.merges", fmt::format("{} merges", list.size()));
  for (const nlohmann::json& item : list) {
    if (item.is_string() && item.get_ref<const std::string&>().starts_with("#version")) continue;
    PLUMB_ASSIGN_OR_RETURN(auto merge, ParseMerge(item, fmt::format("model.merges[{}]", rules.merges.size())));
    rules.merges.push_back(std::move(merge));
  }
  return MakeBpe(std::move(vocabulary), rules, "model.merges");
}

ModelOr ParseWordPiece(Section& section) {
  PLUMB_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::FromJson(section.Need("vocab"), "model.vocab"));
  WordPieceRules rules;
  rules.unknown = section.Text("unk_token");
  rules.continuing_prefix = section.Text("continuing_subword_prefix");
  rules.word_characters_max = section.Number("max_input_chars_per_word", kWordCharactersMax);
  PLUMB_RETURN_IF_ERROR(section.Finish());
  return MakeWordPiece(std::move(vocabulary), rules, "model.unk_token");
}

ModelOr ParseWordLevel(Section& section) {
  PLUMB_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::FromJson(section.Need("vocab"), "model.vocab"));
  std::string unknown = section.Text("unk_token");
  PLUMB_RETURN_IF_ERROR(section.Finish());
  return MakeWordLevel(std::move(vocabulary), std::move(unknown));
}

ModelOr ParseUnigram(Section& section) {
  const nlohmann::json& list = section.List("vocab");
  UnigramRules rules;
  rules.byte_fallback = section.FlagOr("byte_fallback", false);
  const std::optional<uint64_t> unknown = section.NumberIf("unk_id", limits::kVocabularyTokensMax);
  PLUMB_RETURN_IF_ERROR(section.Finish());
  if (unknown && *unknown >= list.size()) return Refuse("model.unk_id", "not in the vocabulary");
  if (unknown) rules.unknown = static_cast<int32_t>(*unknown);
  std::vector<std::string> tokens;
  for (const nlohmann::json& item : list) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number()) {
      return Refuse(fmt::format("model.vocab[{}]", tokens.size()), "expected a token and its score");
    }
    tokens.push_back(item[0].get<std::string>());
    rules.scores.push_back(item[1].get<double>());
  }
  PLUMB_ASSIGN_OR_RETURN(Vocabulary vocabulary, Vocabulary::FromList(tokens, "model.vocab"));
  return MakeUnigram(std::move(vocabulary), std::move(rules));
}

// What a model without `type` must be: files of old writers leave it out.
std::string GuessType(const nlohmann::json& json) {
  if (json.contains("merges")) return "BPE";
  if (json.contains("vocab") && json["vocab"].is_array()) return "Unigram";
  return json.contains("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

}  // namespace

ModelOr ParseTokenModel(const nlohmann::json& json) {
  Section section(json, "model");
  const std::optional<std::string> declared = section.TextIf("type");
  if (section.failed()) return section.Finish();
  const std::string type = declared ? *declared : GuessType(json);
  ModelOr model = nullptr;
  if (type == "BPE") {
    model = ParseBpe(section);
  } else if (type == "WordPiece") {
    model = ParseWordPiece(section);
  } else if (type == "WordLevel") {
    model = ParseWordLevel(section);
  } else if (type == "Unigram") {
    model = ParseUnigram(section);
  } else {
    return NotKnown("model.type", fmt::format("'{}' is a model that Plumb does not know", type));
  }
  // A wrong section explains more than what came of it.
  if (section.failed()) return section.Finish();
  return model;
}

}  // namespace plumb::text
