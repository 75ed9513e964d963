// The third step of a tokenizer: one piece of text to ids, by a vocabulary.
#ifndef PLUMB_VERIFY_TOKENIZER_MODEL_H_
#define PLUMB_VERIFY_TOKENIZER_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/vocabulary.h"

namespace plumb::text {

// A vocabulary and how pieces are taken apart with it. Thread-safe.
class TokenModel {
 public:
  explicit TokenModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;

  // Appends the ids of `piece`, valid UTF-8 and not empty. INVALID_ARGUMENT when it has a part that is in no token and
  // the vocabulary has no unknown token.
  virtual absl::Status Encode(std::string_view piece, std::vector<int32_t>& ids) const = 0;
  // Adds kind, vocabulary and all parameters.
  virtual void Describe(Fingerprint& fingerprint) const = 0;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
};

using ModelOr = absl::StatusOr<std::unique_ptr<TokenModel>>;

// The section `model` of a tokenizer.json. Its `type` may be missing in old files: the keys tell.
ModelOr ParseTokenModel(const nlohmann::json& json);

// Byte pair encoding: the pair of neighbours whose merge has the lowest rank is merged, again and again.
struct BpeRules {
  std::vector<std::pair<std::string, std::string>> merges;  // The index is the rank.
  std::optional<std::string> unknown;
  std::string continuing_prefix;  // In front of every character but the first.
  std::string word_suffix;        // Behind the last character.
  bool fuse_unknown = false;      // One unknown token for several in a row.
  bool byte_fallback = false;     // <0x00> to <0xFF> for a character that is no token.
  bool ignore_merges = false;     // A piece that is a token is that token.
};
ModelOr MakeBpe(Vocabulary vocabulary, const BpeRules& rules, std::string_view where);

// SentencePiece's pair encoding as llama.cpp does it: the pair of neighbours whose joined token has the highest score
// is merged; what is no token in the end becomes bytes. `byte_ids` has 256 ids, or is empty and `unknown` stands for
// them.
ModelOr MakeScoredBpe(Vocabulary vocabulary, std::vector<float> scores, std::vector<int32_t> byte_ids, int32_t unknown);

// Greedy: the longest token at each place.
struct WordPieceRules {
  std::string unknown;            // For a word that cannot be covered.
  std::string word_prefix;        // In front of tokens that start a word.
  std::string continuing_prefix;  // In front of the others.
  uint64_t word_characters_max = 0;
};
ModelOr MakeWordPiece(Vocabulary vocabulary, const WordPieceRules& rules, std::string_view where);

// The segmentation whose scores have the largest sum.
struct UnigramRules {
  std::vector<double> scores;  // One an id.
  std::optional<int32_t> unknown;
  bool byte_fallback = false;
};
ModelOr MakeUnigram(Vocabulary vocabulary, UnigramRules rules);

// Each piece is a token or unknown.
ModelOr MakeWordLevel(Vocabulary vocabulary, std::string unknown);

// The token `<0xHH>` of a byte.
std::string ByteToken(uint8_t byte);
// The ids of the byte tokens of `text`; nullopt when one is missing.
std::optional<std::vector<int32_t>> ByteIds(const Vocabulary& vocabulary, std::string_view text);
// The error for text that is no token.
absl::Status NotInVocabulary(std::string_view text);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_MODEL_H_
