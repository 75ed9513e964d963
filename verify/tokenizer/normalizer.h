// The first step of a tokenizer: text to the text that is split.
#ifndef PLUMB_VERIFY_TOKENIZER_NORMALIZER_H_
#define PLUMB_VERIFY_TOKENIZER_NORMALIZER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/work.h"

namespace plumb::text {

// One rule, or several in a row. Thread-safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // Changes `text`, valid UTF-8 before and after. Errors when the text outgrows limits::kNormalizedBytesMax or a
  // pattern costs too much.
  virtual absl::Status Apply(std::string& text, Work& work) const = 0;
  // Adds the rule and all its parameters.
  virtual void Describe(Fingerprint& fingerprint) const = 0;
};

// The section `normalizer` of a tokenizer.json; `where` names it in messages. `stages` counts rules up to
// limits::kTokenizerStagesMax.
absl::StatusOr<std::unique_ptr<Normalizer>> ParseNormalizer(const nlohmann::json& json, std::string_view where,
                                                            size_t& stages);

// `all` one after another.
std::unique_ptr<Normalizer> MakeNormalizerSequence(std::vector<std::unique_ptr<Normalizer>> all);
// `prefix` in front of a text that is not empty.
std::unique_ptr<Normalizer> MakePrepend(std::string prefix);
// Every `from`, which is not empty, becomes `to`.
std::unique_ptr<Normalizer> MakeReplaceText(std::string from, std::string to);
// BERT's: control characters away and white space to spaces; spaces around Chinese characters; accents away; lower
// case.
struct BertRules {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};
std::unique_ptr<Normalizer> MakeBertNormalizer(const BertRules& rules);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_NORMALIZER_H_
