// SentencePiece's way with spaces: a visible character stands for each, and one more stands in front.
#ifndef PLUMB_VERIFY_TOKENIZER_METASPACE_H_
#define PLUMB_VERIFY_TOKENIZER_METASPACE_H_

#include <memory>
#include <string>

#include "verify/tokenizer/pre_tokenizer.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {

// Where the replacement is put in front although there is no space.
enum class PrependScheme { kAlways, kFirst, kNever };

struct MetaspaceRules {
  std::string replacement;  // One character.
  PrependScheme prepend = PrependScheme::kAlways;
  bool split = true;  // Into words, each with its replacement in front.
};

// The keys of a pre-tokenizer or decoder `Metaspace`; errors stay in `section`.
MetaspaceRules ParseMetaspace(Section& section);

std::unique_ptr<PreTokenizer> MakeMetaspace(const MetaspaceRules& rules);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_METASPACE_H_
