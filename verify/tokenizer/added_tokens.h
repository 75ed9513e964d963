// Tokens that are found in a text before anything else is done with it.
#ifndef PLUMB_VERIFY_TOKENIZER_ADDED_TOKENS_H_
#define PLUMB_VERIFY_TOKENIZER_ADDED_TOKENS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/normalizer.h"
#include "verify/tokenizer/vocabulary.h"

namespace plumb::text {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool single_word = false;  // Only where no word character touches it.
  bool lstrip = false;       // Takes the white space before it.
  bool rstrip = false;       // Takes the white space behind it.
  bool normalized = false;   // Looked for in normalized text, itself normalized.
  bool special = false;
};

// The list `added_tokens` of a tokenizer.json. Each id must be the one Hugging Face's reader would give: the model's
// own for a token it has, else the next free one.
absl::StatusOr<std::vector<AddedToken>> ParseAddedTokens(const nlohmann::json& json, const Vocabulary& vocabulary);

// A part of a text: an added token, or what lies between.
struct AddedPart {
  std::string_view text;
  std::optional<int32_t> id;
};

// All added tokens of a tokenizer, searched from left to right, at each place the longest. Thread-safe.
class AddedTokens {
 public:
  // `normalizer` may be null.
  static absl::StatusOr<AddedTokens> Make(const std::vector<AddedToken>& tokens, const Normalizer* normalizer);

  // The parts of `text` in order; parts between tokens are not empty. `normalized` says which tokens are looked for.
  // Special ones only with `parse_special`. The parts borrow `text`.
  std::vector<AddedPart> Split(std::string_view text, bool normalized, bool parse_special) const;

  // How the token of `id` is spelt; nullptr when it is none of these.
  const std::string* Token(int64_t id) const;
  // One more than the largest id; 0 without tokens.
  uint64_t size() const { return tokens_.empty() ? 0 : static_cast<uint64_t>(tokens_.rbegin()->first) + 1; }

  void Describe(Fingerprint& fingerprint) const;

 private:
  AddedTokens(PrefixIndex plain, PrefixIndex normalized)
      : plain_(std::move(plain)), normalized_(std::move(normalized)) {}

  std::map<int64_t, AddedToken> tokens_;  // By id.
  PrefixIndex plain_;
  PrefixIndex normalized_;
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_ADDED_TOKENS_H_
