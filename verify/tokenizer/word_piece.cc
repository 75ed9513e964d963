#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/model.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

// The tokens with `prefix` in front, without it.
PrefixIndex IndexOf(const Vocabulary& vocabulary, std::string_view prefix) {
  std::vector<PrefixIndex::Entry> entries;
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    const std::string* token = vocabulary.Token(static_cast<int64_t>(id));
    if (token == nullptr || !token->starts_with(prefix)) continue;
    entries.push_back({token->substr(prefix.size()), static_cast<int32_t>(id)});
  }
  return PrefixIndex(std::move(entries));
}

class WordPiece : public TokenModel {
 public:
  WordPiece(Vocabulary words, const WordPieceRules& rules, int32_t unknown)
      : TokenModel(std::move(words)),
        rules_(rules),
        unknown_(unknown),
        first_(IndexOf(vocabulary(), rules.word_prefix)),
        rest_(IndexOf(vocabulary(), rules.continuing_prefix)) {}

  absl::Status Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    const size_t before = ids.size();
    if (CountCharacters(piece) > rules_.word_characters_max || !Cover(piece, ids)) {
      ids.resize(before);
      ids.push_back(unknown_);
    }
    return absl::OkStatus();
  }

  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("word piece");
    vocabulary().Describe(fingerprint);
    fingerprint.Text(rules_.word_prefix);
    fingerprint.Text(rules_.continuing_prefix);
    fingerprint.Number(static_cast<int64_t>(rules_.word_characters_max));
    fingerprint.Number(unknown_);
  }

 private:
  // False when a part is in no token.
  bool Cover(std::string_view piece, std::vector<int32_t>& ids) const {
    for (size_t at = 0; at < piece.size();) {
      size_t longest = 0;
      int32_t token = 0;
      (at == 0 ? first_ : rest_).ForEachPrefix(piece.substr(at), [&](size_t size, int32_t id) {
        longest = size;
        token = id;
      });
      if (longest == 0) return false;
      ids.push_back(token);
      at += longest;
    }
    return true;
  }

  WordPieceRules rules_;
  int32_t unknown_;
  PrefixIndex first_;
  PrefixIndex rest_;
};

class WordLevel : public TokenModel {
 public:
  WordLevel(Vocabulary vocabulary, std::string unknown)
      : TokenModel(std::move(vocabulary)), unknown_(std::move(unknown)) {}

  absl::Status Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    std::optional<int32_t> id = vocabulary().Find(piece);
    if (!id) id = vocabulary().Find(unknown_);
    if (!id) return NotInVocabulary(piece);
    ids.push_back(*id);
    return absl::OkStatus();
  }

  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("word level");
    vocabulary().Describe(fingerprint);
    fingerprint.Text(unknown_);
  }

 private:
  std::string unknown_;
};

}  // namespace

ModelOr MakeWordPiece(Vocabulary vocabulary, const WordPieceRules& rules, std::string_view where) {
  const std::optional<int32_t> unknown = vocabulary.Find(rules.unknown);
  if (!unknown) return Refuse(where, fmt::format("the unknown token '{}' is not in the vocabulary", rules.unknown));
  return std::make_unique<WordPiece>(std::move(vocabulary), rules, *unknown);
}

ModelOr MakeWordLevel(Vocabulary vocabulary, std::string unknown) {
  return std::make_unique<WordLevel>(std::move(vocabulary), std::move(unknown));
}

}  // namespace plumb::text
