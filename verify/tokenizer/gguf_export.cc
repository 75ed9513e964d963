// A folder's tokenizer written as key-values.
#include "verify/tokenizer/gguf_export.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/json.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/gguf_vocabulary.h"
#include "verify/tokenizer/folder_files.h"
#include "verify/tokenizer/json_values.h"
#include "verify/tokenizer/section.h"

namespace plumb {
namespace {

using Json = nlohmann::json;
using text::At;

// The special tokens that texts are compared with.
constexpr size_t kSpecialsMax = 16;

// What stands beside tokenizer.json.
struct SideFiles {
  Json tokenizer_config;
  Json config;
  Json generation_config;
  std::optional<std::string> chat_template;
};

absl::StatusOr<SideFiles> ReadSideFiles(const FolderFiles& files) {
  SideFiles side;
  PLUMB_ASSIGN_OR_RETURN(side.tokenizer_config, files.ReadJson("tokenizer_config.json"));
  PLUMB_ASSIGN_OR_RETURN(side.config, files.ReadJson("config.json"));
  PLUMB_ASSIGN_OR_RETURN(side.generation_config, files.ReadJson("generation_config.json"));
  PLUMB_ASSIGN_OR_RETURN(side.chat_template, files.Read("chat_template.jinja"));
  return side;
}

// A token is a text or an object with its `content`.
std::string ContentOf(const Json& json) { return text::TextOf(json.is_object() ? At(json, "content") : json); }

// An id is a number or the first of a list.
std::optional<int64_t> IdIn(const Json& json, size_t tokens) {
  const Json& first = json.is_array() && !json.empty() ? json[0] : json;
  if (!first.is_number_unsigned() || first.get<uint64_t>() >= tokens) return std::nullopt;
  return first.get<int64_t>();
}

// The id of the token that the files call `bos`, `eos`, ...
std::optional<int64_t> NamedId(const SideFiles& side, const GgufVocabulary& vocabulary, const std::string& name) {
  const std::string content = ContentOf(At(side.tokenizer_config, name + "_token"));
  if (!content.empty()) {
    auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), content);
    if (found != vocabulary.tokens.end()) return found - vocabulary.tokens.begin();
  }
  for (const Json* config : {&side.config, &side.generation_config}) {
    if (auto id = IdIn(At(*config, name + "_token_id"), vocabulary.tokens.size())) return id;
  }
  return std::nullopt;
}

// The chat template: a file of its own, or in tokenizer_config.json as a text or as the one named `default`.
std::string ChatTemplate(const SideFiles& side) {
  if (side.chat_template) return *side.chat_template;
  const Json& stated = At(side.tokenizer_config, "chat_template");
  if (stated.is_string()) return stated.get<std::string>();
  for (size_t i = 0; stated.is_array() && i < stated.size(); ++i) {
    if (At(stated[i], "name") == "default") return ContentOf(At(stated[i], "template"));
  }
  return "";
}

// What the tokenizer puts before and behind a text: at most one token each.
absl::Status FindSurroundings(const Tokenizer& tokenizer, GgufVocabulary& vocabulary) {
  constexpr std::string_view kText = "a";
  PLUMB_ASSIGN_OR_RETURN(const std::vector<int32_t> bare, tokenizer.Encode(kText, {.add_special = false}));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<int32_t> whole, tokenizer.Encode(kText, {.add_special = true}));
  auto inside = std::search(whole.begin(), whole.end(), bare.begin(), bare.end());
  const auto before = inside - whole.begin();
  const auto behind = static_cast<ptrdiff_t>(whole.size()) - before - static_cast<ptrdiff_t>(bare.size());
  if (bare.empty() || inside == whole.end() || before > 1 || behind > 1) {
    return text::Refuse("post_processor", "it adds more than one token before and one behind a text");
  }
  vocabulary.add_bos = before == 1;
  vocabulary.add_eos = behind == 1;
  if (before == 1) vocabulary.bos_id = whole.front();
  if (behind == 1) vocabulary.eos_id = whole.back();
  return absl::OkStatus();
}

// The first of the ways to say it that gives the same ids.
absl::StatusOr<GgufVocabulary> FirstThatFits(std::vector<GgufVocabulary> ways, const Tokenizer& original,
                                             const SideFiles& side) {
  absl::Status first;
  for (GgufVocabulary& way : ways) {
    way.bos_id = NamedId(side, way, "bos");
    way.eos_id = NamedId(side, way, "eos");
    PLUMB_RETURN_IF_ERROR(FindSurroundings(original, way));
    if (way.model == "bert") {
      way.cls_id = way.bos_id;
      way.separator_id = way.eos_id;
    }
    PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> made, ParseGgufTokenizer(way));
    std::vector<std::string> specials;
    for (size_t i = 0; i < way.tokens.size() && specials.size() < kSpecialsMax; ++i) {
      const bool found_in_texts =
          way.types[i] == GgufVocabulary::kControl || way.types[i] == GgufVocabulary::kUserDefined;
      if (found_in_texts) specials.push_back(way.tokens[i]);
    }
    const absl::Status same = text::CheckSameIds(original, *made, specials);
    if (same.ok()) return std::move(way);
    if (first.ok()) first = same;
  }
  return first;
}

// Whether an added token takes the white space beside it.
bool AnyStrips(const Json& document) {
  const Json& added = At(document, "added_tokens");
  return added.is_array() && std::any_of(added.begin(), added.end(), [](const Json& token) {
           return At(token, "lstrip") == true || At(token, "rstrip") == true;
         });
}

class KeyList {
 public:
  void Add(std::string_view key, MetadataValue value, std::string_view type) {
    keys_.push_back({fmt::format("tokenizer.ggml.{}", key), std::move(value), type});
  }
  void Id(std::string_view key, const std::optional<int64_t>& id) {
    if (id) Add(key, static_cast<uint64_t>(*id), "u32");
  }
  void Flag(std::string_view key, const std::optional<bool>& flag) {
    if (flag) Add(key, *flag, "bool");
  }
  std::vector<MetadataEntry>& keys() { return keys_; }

 private:
  std::vector<MetadataEntry> keys_;
};

std::vector<MetadataEntry> KeysOf(GgufVocabulary vocabulary, const SideFiles& side) {
  KeyList list;
  list.Add("model", vocabulary.model, "str");
  list.Add("pre", vocabulary.pre.empty() ? std::string("default") : vocabulary.pre, "str");
  const std::optional<int64_t> pad = NamedId(side, vocabulary, "pad");
  const std::optional<int64_t> mask = NamedId(side, vocabulary, "mask");
  list.Add("tokens", std::move(vocabulary.tokens), "[str]");
  if (!vocabulary.scores.empty()) {
    list.Add("scores", std::vector<double>(vocabulary.scores.begin(), vocabulary.scores.end()), "[f32]");
  }
  list.Add("token_type", std::vector<int64_t>(vocabulary.types.begin(), vocabulary.types.end()), "[i32]");
  if (!vocabulary.merges.empty()) list.Add("merges", std::move(vocabulary.merges), "[str]");
  list.Id("bos_token_id", vocabulary.bos_id);
  list.Id("eos_token_id", vocabulary.eos_id);
  list.Id("unknown_token_id", vocabulary.unknown_id);
  list.Id("padding_token_id", pad);
  list.Id("mask_token_id", mask);
  list.Id("cls_token_id", vocabulary.cls_id);
  list.Id("seperator_token_id", vocabulary.separator_id);
  list.Flag("add_bos_token", vocabulary.add_bos);
  list.Flag("add_eos_token", vocabulary.add_eos);
  list.Flag("add_space_prefix", vocabulary.add_space_prefix);
  list.Flag("normalizer.lowercase", vocabulary.lowercase);
  list.Flag("normalizer.strip_accents", vocabulary.strip_accents);
  list.Flag("normalizer.nfc", vocabulary.nfc);
  if (std::string chat = ChatTemplate(side); !chat.empty()) {
    list.keys().push_back({"tokenizer.chat_template", std::move(chat), "str"});
  }
  return std::move(list.keys());
}

}  // namespace

absl::StatusOr<GgufTokenizer> TokenizerAsGguf(const Directory& directory, std::string_view folder, uint64_t rows) {
  const FolderFiles files(directory, folder);
  PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> text, files.Read("tokenizer.json"));
  if (!text) return NotFound("there is no tokenizer.json beside the weights");
  PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> original, ParseTokenizerJson(*text));
  PLUMB_ASSIGN_OR_RETURN(const Json document, ParseJson(*text, "tokenizer.json"));
  PLUMB_ASSIGN_OR_RETURN(const SideFiles side, ReadSideFiles(files));
  PLUMB_ASSIGN_OR_RETURN(std::vector<GgufVocabulary> ways, text::GgufVocabulariesOf(document, rows));
  PLUMB_ASSIGN_OR_RETURN(GgufVocabulary vocabulary, FirstThatFits(std::move(ways), *original, side));
  GgufTokenizer made = {.keys = KeysOf(std::move(vocabulary), side)};
  if (AnyStrips(document)) {
    made.remarks.emplace_back("the tokenizer drops white space beside special tokens, GGUF vocabularies keep it");
  }
  return made;
}

}  // namespace plumb
