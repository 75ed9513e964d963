// Regular expressions of tokenizer files, on UTF-8.
//
// Files are written for Oniguruma with its Ruby syntax. ICU runs them here: Regex rewrites what ICU means differently
// (\s, the line anchors) and refuses by name what it cannot rewrite.
#ifndef PLUMB_VERIFY_TOKENIZER_REGEX_H_
#define PLUMB_VERIFY_TOKENIZER_REGEX_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "verify/tokenizer/work.h"

namespace plumb::text {

// Bytes [begin, end) of a text.
struct Range {
  size_t begin = 0;
  size_t end = 0;
};

// A compiled expression. Thread-safe.
class Regex {
 public:
  // `where` names the expression in messages.
  static absl::StatusOr<Regex> Compile(std::string_view pattern, std::string_view where);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // All matches in order; they do not overlap, and an empty one never touches the end of the one before.
  // RESOURCE_EXHAUSTED when `work` or the stack is used up.
  absl::StatusOr<std::vector<Range>> FindAll(std::string_view text, Work& work) const;

  // As the file has it.
  const std::string& pattern() const { return pattern_; }

 private:
  struct Compiled;
  Regex(std::string pattern, std::unique_ptr<Compiled> compiled);

  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_REGEX_H_
