// The second step of a tokenizer: normalized text to the pieces that the model sees one by one.
#ifndef PLUMB_VERIFY_TOKENIZER_PRE_TOKENIZER_H_
#define PLUMB_VERIFY_TOKENIZER_PRE_TOKENIZER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/regex.h"
#include "verify/tokenizer/work.h"

namespace plumb::text {

// A part of the text, valid UTF-8.
struct Piece {
  std::string text;
  bool first = false;  // Stands at the very start of the text given to Encode.
};

// One rule, or several in a row. Thread-safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Replaces each piece by its parts; empty ones vanish.
  virtual absl::Status Apply(std::vector<Piece>& pieces, Work& work) const = 0;
  // Adds the rule and all its parameters.
  virtual void Describe(Fingerprint& fingerprint) const = 0;
};

// What becomes of the delimiters of a split.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

// The section `pre_tokenizer` of a tokenizer.json; as ParseNormalizer.
absl::StatusOr<std::unique_ptr<PreTokenizer>> ParsePreTokenizer(const nlohmann::json& json, std::string_view where,
                                                                size_t& stages);

// `all` one after another.
std::unique_ptr<PreTokenizer> MakePreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> all);
// At the matches of `delimiter`, or, when `invert`, at what lies between them.
std::unique_ptr<PreTokenizer> MakeRegexSplit(Regex delimiter, SplitBehavior behavior, bool invert);
// GPT-2's: a leading space if wanted, its expression if wanted, then bytes as characters.
absl::StatusOr<std::unique_ptr<PreTokenizer>> MakeByteLevel(bool add_prefix_space, bool use_regex);
// At white space, which goes, and around each punctuation character.
std::unique_ptr<PreTokenizer> MakeBertPreTokenizer();

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_PRE_TOKENIZER_H_
