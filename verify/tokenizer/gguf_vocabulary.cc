// A tokenizer.json's model as a GGUF vocabulary: byte-level BPE, SentencePiece's BPE, WordPiece.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/gguf_export.h"
#include "verify/tokenizer/json_values.h"
#include "verify/tokenizer/metaspace.h"
#include "verify/tokenizer/model.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

using Json = nlohmann::json;

bool IsTrue(const Json& object, const char* key) { return At(object, key) == true; }

// The kinds of all rules in a normalizer.
void AddKinds(const Json& json, std::set<std::string>& kinds) {
  if (!json.is_object()) return;
  const std::string type = TextOf(At(json, "type"));
  if (type != "Sequence") kinds.insert(type);
  if (const Json& inner = At(json, "normalizers"); inner.is_array()) {
    for (const Json& each : inner) AddKinds(each, kinds);
  }
}

absl::Status AllowKinds(const Json& normalizer, std::initializer_list<std::string_view> allowed) {
  std::set<std::string> kinds;
  AddKinds(normalizer, kinds);
  for (const std::string& kind : kinds) {
    if (std::find(allowed.begin(), allowed.end(), kind) != allowed.end()) continue;
    return Refuse("normalizer", fmt::format("'{}' is a rule that GGUF vocabularies of this kind do not have", kind));
  }
  return absl::OkStatus();
}

class Builder {
 public:
  Builder(const Json& document, uint64_t rows) : document_(document), model_(At(document, "model")), rows_(rows) {}

  absl::StatusOr<std::vector<GgufVocabulary>> Build() {
    if (rows_ > limits::kVocabularyTokensMax) {
      return Refuse("vocabulary", fmt::format("{} rows, expected at most {}", rows_, limits::kVocabularyTokensMax));
    }
    const std::string type = TextOf(At(model_, "type"));
    const bool pieces = type == "WordPiece";
    if (!pieces && type != "BPE" && !(type.empty() && model_.contains("merges"))) {
      return Refuse("model.type", fmt::format("'{}' is no vocabulary that is written as GGUF", type));
    }
    PLUMB_RETURN_IF_ERROR(FillTokens());
    if (pieces) return WordPiece();
    return IsTrue(model_, "byte_fallback") ? SentencePiece() : ByteLevel();
  }

 private:
  absl::Status Put(const std::string& token, const Json& id, int32_t type) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= rows_) {
      return Refuse("vocabulary",
                    fmt::format("token '{}' has the id {}, but the model has {} rows", token, id.dump(), rows_));
    }
    const auto place = id.get<size_t>();
    out_.tokens[place] = token;
    out_.types[place] = type;
    ids_[token] = static_cast<int32_t>(place);
    return absl::OkStatus();
  }

  // Tokens by their ids; rows without any are unused.
  absl::Status FillTokens() {
    for (uint64_t i = 0; i < rows_; ++i) out_.tokens.push_back(fmt::format("[PAD{}]", i));
    out_.types.assign(rows_, GgufVocabulary::kUnused);
    for (const auto& [token, id] : At(model_, "vocab").items()) {
      PLUMB_RETURN_IF_ERROR(Put(token, id, GgufVocabulary::kNormal));
    }
    const Json& added = At(document_, "added_tokens");
    for (size_t i = 0; added.is_array() && i < added.size(); ++i) {
      const bool special = IsTrue(added[i], "special");
      if (IsTrue(added[i], "single_word")) {
        return Refuse("added_tokens", fmt::format("'{}' is found only as a whole word, which GGUF has no word for",
                                                  TextOf(At(added[i], "content"))));
      }
      PLUMB_RETURN_IF_ERROR(Put(TextOf(At(added[i], "content")), At(added[i], "id"),
                                special ? GgufVocabulary::kControl : GgufVocabulary::kUserDefined));
    }
    return absl::OkStatus();
  }

  std::optional<int32_t> IdOf(const std::string& token) const {
    auto found = ids_.find(token);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

  // "left right" of each merge.
  std::vector<std::pair<std::string, std::string>> Merges() const {
    std::vector<std::pair<std::string, std::string>> merges;
    for (const Json& merge : At(model_, "merges")) {
      if (merge.is_array() && merge.size() == 2) {
        merges.emplace_back(TextOf(merge[0]), TextOf(merge[1]));
      } else if (const std::string text = TextOf(merge); !text.empty() && !text.starts_with("#version")) {
        const size_t space = text.find(' ');
        if (space != text.npos) merges.emplace_back(text.substr(0, space), text.substr(space + 1));
      }
    }
    return merges;
  }

  absl::Status RefuseAffixes() const {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!TextOf(At(model_, key)).empty()) return Refuse("model", fmt::format("GGUF has no {}", key));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<GgufVocabulary>> ByteLevel() {
    PLUMB_RETURN_IF_ERROR(RefuseAffixes());
    PLUMB_RETURN_IF_ERROR(AllowKinds(At(document_, "normalizer"), {"NFC"}));
    out_.model = "gpt2";
    PLUMB_ASSIGN_OR_RETURN(out_.pre, GgufPreOf(At(document_, "pre_tokenizer"), IsTrue(model_, "ignore_merges")));
    if (!At(document_, "normalizer").is_null()) out_.nfc = true;
    for (const auto& [left, right] : Merges()) {
      if (left.find(' ') != left.npos || right.find(' ') != right.npos) {
        return Refuse("model.merges", "a token with a space in it, which GGUF cannot say");
      }
      out_.merges.push_back(fmt::format("{} {}", left, right));
    }
    return std::vector{std::move(out_)};
  }

  // Merges by rank become scores: the earlier one, the higher.
  absl::StatusOr<std::vector<GgufVocabulary>> SentencePiece() {
    PLUMB_RETURN_IF_ERROR(RefuseAffixes());
    PLUMB_RETURN_IF_ERROR(AllowKinds(At(document_, "normalizer"), {"Prepend", "Replace"}));
    out_.model = "llama";
    out_.pre = "default";
    const auto merges = Merges();
    // What no merge makes is never made of parts before what one makes.
    out_.scores.assign(rows_, -static_cast<float>(merges.size() + 1));
    std::set<int32_t> made;
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const std::optional<int32_t> id = IdOf(merges[rank].first + merges[rank].second);
      if (id && made.insert(*id).second) out_.scores[static_cast<size_t>(*id)] = -static_cast<float>(rank);
    }
    for (int b = 0; b < 256; ++b) {
      if (const auto id = IdOf(ByteToken(static_cast<uint8_t>(b)))) Retype(*id, GgufVocabulary::kByte);
    }
    out_.unknown_id = IdOf(TextOf(At(model_, "unk_token")));
    if (out_.unknown_id) Retype(static_cast<int32_t>(*out_.unknown_id), GgufVocabulary::kUnknown);
    std::vector<GgufVocabulary> both = {out_, std::move(out_)};
    both[0].add_space_prefix = true;
    both[1].add_space_prefix = false;
    return both;
  }

  // Words begin with a mark where Hugging Face marks what continues one.
  absl::StatusOr<std::vector<GgufVocabulary>> WordPiece() {
    PLUMB_RETURN_IF_ERROR(AllowKinds(At(document_, "normalizer"), {"BertNormalizer"}));
    const Json& normalizer = At(document_, "normalizer");
    out_.model = "bert";
    out_.lowercase = IsTrue(normalizer, "lowercase");
    const Json& strip = At(normalizer, "strip_accents");
    out_.strip_accents = strip.is_null() ? *out_.lowercase : strip == true;
    const std::string continues = TextOf(At(model_, "continuing_subword_prefix"));
    for (size_t i = 0; i < out_.tokens.size(); ++i) {
      if (out_.types[i] != GgufVocabulary::kNormal) continue;
      std::string& token = out_.tokens[i];
      const bool inner = !continues.empty() && token.starts_with(continues) && token.size() > continues.size();
      token = inner ? token.substr(continues.size()) : std::string(kMetaspace) + token;
    }
    out_.unknown_id = IdOf(TextOf(At(model_, "unk_token")));
    return std::vector{std::move(out_)};
  }

  void Retype(int32_t id, GgufVocabulary::TokenType type) { out_.types[static_cast<size_t>(id)] = type; }

  const Json& document_;
  const Json& model_;
  const uint64_t rows_;
  GgufVocabulary out_;
  std::unordered_map<std::string, int32_t> ids_;
};

}  // namespace

absl::StatusOr<std::vector<GgufVocabulary>> GgufVocabulariesOf(const Json& tokenizer, uint64_t rows) {
  return Builder(tokenizer, rows).Build();
}

}  // namespace plumb::text
