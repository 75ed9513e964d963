#include "verify/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

// The start of the character that ends before `at`.
size_t PreviousCharacter(std::string_view text, size_t at) {
  do {
    --at;
  } while ((static_cast<uint8_t>(text[at]) & 0xC0) == 0x80);
  return at;
}

bool EndsWithWord(std::string_view text) {
  if (text.empty()) return false;
  size_t at = PreviousCharacter(text, text.size());
  return IsWord(NextCharacter(text, at));
}

bool StartsWithWord(std::string_view text) {
  size_t at = 0;
  return !text.empty() && IsWord(NextCharacter(text, at));
}

// Where the white space at the end of text[floor, end) begins.
size_t SpaceBegin(std::string_view text, size_t floor, size_t end) {
  while (end > floor) {
    const size_t begin = PreviousCharacter(text, end);
    size_t at = begin;
    if (!IsWhiteSpace(NextCharacter(text, at))) break;
    end = begin;
  }
  return end;
}

// Where the white space from `begin` on ends.
size_t SpaceEnd(std::string_view text, size_t begin) {
  while (begin < text.size()) {
    size_t at = begin;
    if (!IsWhiteSpace(NextCharacter(text, at))) break;
    begin = at;
  }
  return begin;
}

}  // namespace

absl::StatusOr<std::vector<AddedToken>> ParseAddedTokens(const nlohmann::json& json, const Vocabulary& vocabulary) {
  if (!json.is_array()) return Refuse("added_tokens", fmt::format("found {}, expected a list", json.type_name()));
  std::vector<AddedToken> tokens;
  std::map<std::string, int64_t, std::less<>> given;
  auto next = static_cast<int64_t>(vocabulary.count());
  for (const nlohmann::json& item : json) {
    Section section(item, fmt::format("added_tokens[{}]", tokens.size()));
    AddedToken token;
    token.id = static_cast<int32_t>(section.Number("id", limits::kVocabularyTokensMax - 1));
    token.content = section.Text("content");
    token.single_word = section.Flag("single_word");
    token.lstrip = section.Flag("lstrip");
    token.rstrip = section.Flag("rstrip");
    token.normalized = section.Flag("normalized");
    token.special = section.Flag("special");
    PLUMB_RETURN_IF_ERROR(section.Finish());
    if (token.content.empty()) continue;  // Never added.
    const std::optional<int32_t> in_model = vocabulary.Find(token.content);
    const int64_t expected = in_model ? *in_model : next;
    if (!given.emplace(token.content, token.id).second) {
      return Refuse(section.where(), fmt::format("'{}' stands twice", token.content));
    }
    if (token.id != expected) {
      return NotKnown(section.where(),
                      fmt::format("'{}' has id {}, but readers would give it {}", token.content, token.id, expected));
    }
    if (!in_model) ++next;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

absl::StatusOr<AddedTokens> AddedTokens::Make(const std::vector<AddedToken>& tokens, const Normalizer* normalizer) {
  std::vector<PrefixIndex::Entry> plain;
  std::vector<PrefixIndex::Entry> normalized;
  Work work;
  for (const AddedToken& token : tokens) {
    std::string key = token.content;
    if (token.normalized && normalizer != nullptr) PLUMB_RETURN_IF_ERROR(normalizer->Apply(key, work));
    if (key.size() > limits::kTokenBytesMax) return NotKnown("added_tokens", "a token that becomes too long");
    (token.normalized ? normalized : plain).push_back({std::move(key), token.id});
  }
  AddedTokens made{PrefixIndex(std::move(plain)), PrefixIndex(std::move(normalized))};
  for (const AddedToken& token : tokens) {
    if (!made.tokens_.emplace(token.id, token).second) {
      return Refuse("added_tokens", fmt::format("two tokens have id {}", token.id));
    }
  }
  return made;
}

std::vector<AddedPart> AddedTokens::Split(std::string_view text, bool normalized, bool parse_special) const {
  const PrefixIndex& index = normalized ? normalized_ : plain_;
  std::vector<AddedPart> parts;
  size_t done = 0;  // Everything before is in `parts`.
  for (size_t at = 0; at < text.size() && !index.empty();) {
    size_t length = 0;
    int32_t id = 0;
    index.ForEachPrefix(text.substr(at), [&](size_t size, int32_t value) {
      length = size;
      id = value;
    });
    if (length == 0) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + length;
    at = end;
    const AddedToken& token = tokens_.at(id);
    if (token.special && !parse_special) continue;
    if (token.single_word && (EndsWithWord(text.substr(0, begin)) || StartsWithWord(text.substr(end)))) continue;
    if (token.lstrip) begin = SpaceBegin(text, done, begin);
    if (token.rstrip) end = SpaceEnd(text, end);
    if (begin > done) parts.push_back({text.substr(done, begin - done), std::nullopt});
    parts.push_back({text.substr(begin, end - begin), id});
    done = end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), std::nullopt});
  return parts;
}

const std::string* AddedTokens::Token(int64_t id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second.content;
}

void AddedTokens::Describe(Fingerprint& fingerprint) const {
  fingerprint.Number(static_cast<int64_t>(tokens_.size()));
  for (const auto& [id, token] : tokens_) {
    fingerprint.Number(id);
    fingerprint.Text(token.content);
    for (bool flag : {token.single_word, token.lstrip, token.rstrip, token.normalized, token.special}) {
      fingerprint.Number(flag);
    }
  }
}

}  // namespace plumb::text
