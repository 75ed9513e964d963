// Cutting a text at its delimiters.
#ifndef PLUMB_VERIFY_TOKENIZER_SPLIT_H_
#define PLUMB_VERIFY_TOKENIZER_SPLIT_H_

#include <string_view>
#include <vector>

#include "verify/tokenizer/pre_tokenizer.h"
#include "verify/tokenizer/regex.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {

// A stretch of a text that is, or is not, a delimiter.
struct Stretch {
  Range range;
  bool delimiter = false;
};

// All of [0, size) in order: `delimiters`, in order and apart, and what lies between; with `invert` the two change
// roles.
std::vector<Stretch> Stretches(size_t size, const std::vector<Range>& delimiters, bool invert);

// Every character for which `is_delimiter` holds, alone.
template <typename Predicate>
std::vector<Range> CharacterRanges(std::string_view text, Predicate is_delimiter) {
  std::vector<Range> found;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (is_delimiter(NextCharacter(text, at))) found.push_back({begin, at});
  }
  return found;
}

// The parts that stay; some may be empty.
std::vector<Range> SplitParts(const std::vector<Stretch>& stretches, SplitBehavior behavior);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_SPLIT_H_
