#include "verify/tokenizer/regex.h"

#include <unicode/regex.h>
#include <unicode/unistr.h>
#include <unicode/utext.h>

#include <algorithm>
#include <array>
#include <limits>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {
namespace {

constexpr uint64_t kStepsPerCallback = 10'000;  // ICU calls back after so many saved states.
constexpr uint64_t kStepsPerMatch = 10;         // What a match costs that never calls back.

// Rewrites an expression from Ruby's syntax to ICU's.
class Translator {
 public:
  Translator(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {}

  absl::StatusOr<std::string> Run() {
    while (at_ < pattern_.size()) PLUMB_RETURN_IF_ERROR(Step());
    return std::move(out_);
  }

 private:
  absl::Status Unsupported(std::string_view what) const {
    return NotKnown(where_, fmt::format("the expression uses {}, which Plumb does not read", what));
  }

  absl::Status Step() {
    const char c = pattern_[at_];
    if (c == '\\') return Escape();
    if (depth_ > 0) return InSet(c);
    if (c == '[') return OpenSet();
    if (pattern_.substr(at_).starts_with("(?")) return Group();
    if (c == '}' && pattern_.substr(at_ + 1).starts_with('+')) return Unsupported("'+' after an interval");
    Copy(1);
    return absl::OkStatus();
  }

  absl::Status Escape() {
    if (at_ + 1 == pattern_.size()) return Unsupported("a lone '\\' at its end");
    const char c = pattern_[at_ + 1];
    constexpr std::string_view kOtherMeaning = "hHRXKGgkNOyY";  // Of one in Ruby, of another or none in ICU.
    if (kOtherMeaning.find(c) != std::string_view::npos) return Unsupported(fmt::format("'\\{}'", c));
    if (c == 's' || c == 'S') {
      out_ += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
      at_ += 2;
    } else if (c == 'w' || c == 'W') {
      // Oniguruma's word characters: its table for Latin-1 has the superscripts and fractions too.
      out_ += c == 'w' ? "[" : "[^";
      out_ += R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE])";
      at_ += 2;
    } else if (pattern_.substr(at_ + 2).starts_with('{')) {  // A property or a code: all of it.
      Copy(std::min(pattern_.find('}', at_), pattern_.size() - 1) + 1 - at_);
    } else {
      Copy(2);
    }
    return absl::OkStatus();
  }

  absl::Status OpenSet() {
    ++depth_;
    Copy(1);
    if (depth_ > kSetDepthMax) return Unsupported("sets too deep in each other");
    if (pattern_.substr(at_).starts_with('^')) Copy(1);
    if (pattern_.substr(at_).starts_with(']')) return Unsupported("']' as the first of a set");
    return absl::OkStatus();
  }

  absl::Status InSet(char c) {
    if (c == '[') return OpenSet();
    if (pattern_.substr(at_).starts_with("--")) return Unsupported("'--' in a set");
    if (c == ']') --depth_;
    Copy(1);
    return absl::OkStatus();
  }

  // Groups that mean the same in both; options other than `i` do not.
  absl::Status Group() {
    constexpr std::array<std::string_view, 8> kSame = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i:"};
    for (std::string_view group : kSame) {
      if (!pattern_.substr(at_).starts_with(group)) continue;
      Copy(group.size());
      return absl::OkStatus();
    }
    if (at_ == 0 && pattern_.starts_with("(?i)")) {
      Copy(4);
      return absl::OkStatus();
    }
    return Unsupported(fmt::format("'{}'", pattern_.substr(at_, 4)));
  }

  void Copy(size_t bytes) {
    out_.append(pattern_.substr(at_, bytes));
    at_ += bytes;
  }

  static constexpr int kSetDepthMax = 16;

  std::string_view pattern_;
  std::string_view where_;
  size_t at_ = 0;
  int depth_ = 0;
  std::string out_;
};

// Takes one callback's steps from the Work behind `context`; false stops the match.
UBool U_CALLCONV SpendSteps(const void* context, int32_t) {
  auto* work = static_cast<Work*>(const_cast<void*>(context));
  if (work->pattern_steps < kStepsPerCallback) return false;
  work->pattern_steps -= kStepsPerCallback;
  return true;
}

absl::Status TooExpensive(std::string_view pattern) {
  return absl::ResourceExhaustedError(
      fmt::format("tokenizer: the expression '{}' takes too long on this text", pattern.substr(0, 100)));
}

}  // namespace

struct Regex::Compiled {
  std::unique_ptr<icu::RegexPattern> pattern;
};

Regex::Regex(std::string pattern, std::unique_ptr<Compiled> compiled)
    : pattern_(std::move(pattern)), compiled_(std::move(compiled)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

absl::StatusOr<Regex> Regex::Compile(std::string_view pattern, std::string_view where) {
  if (pattern.size() > limits::kPatternBytesMax) {
    return NotKnown(
        where, fmt::format("an expression of {} bytes, expected at most {}", pattern.size(), limits::kPatternBytesMax));
  }
  PLUMB_ASSIGN_OR_RETURN(const std::string translated, Translator(pattern, where).Run());
  UErrorCode error = U_ZERO_ERROR;
  UParseError position;
  auto compiled = std::make_unique<Compiled>();
  // Ruby's anchors match at each line, and only \n ends a line.
  compiled->pattern.reset(icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(translated),
                                                     UREGEX_MULTILINE | UREGEX_UNIX_LINES, position, error));
  if (U_FAILURE(error) || compiled->pattern == nullptr) {
    return NotKnown(where, fmt::format("the expression '{}' does not compile: {} at character {}",
                                       pattern.substr(0, 100), u_errorName(error), position.offset));
  }
  return Regex(std::string(pattern), std::move(compiled));
}

absl::StatusOr<std::vector<Range>> Regex::FindAll(std::string_view text, Work& work) const {
  UErrorCode error = U_ZERO_ERROR;
  UText utext = UTEXT_INITIALIZER;
  utext_openUTF8(&utext, text.data(), static_cast<int64_t>(text.size()), &error);
  const std::unique_ptr<UText, UText* (*)(UText*)> close(&utext, utext_close);
  const std::unique_ptr<icu::RegexMatcher> matcher(compiled_->pattern->matcher(error));
  std::vector<Range> matches;
  if (U_SUCCESS(error)) {
    matcher->reset(&utext);
    matcher->setMatchCallback(SpendSteps, &work, error);
    matcher->setStackLimit(limits::kPatternStackBytesMax, error);
  }
  size_t end = std::numeric_limits<size_t>::max();  // Of the match before.
  while (U_SUCCESS(error) && matcher->find(error) && U_SUCCESS(error)) {
    const Range match = {static_cast<size_t>(matcher->start64(error)), static_cast<size_t>(matcher->end64(error))};
    if (match.begin != match.end || match.begin != end) matches.push_back(match);
    end = match.end;
    if (work.pattern_steps < kStepsPerMatch) return TooExpensive(pattern_);
    work.pattern_steps -= kStepsPerMatch;
  }
  if (error == U_REGEX_STOPPED_BY_CALLER || error == U_REGEX_STACK_OVERFLOW || error == U_REGEX_TIME_OUT) {
    return TooExpensive(pattern_);
  }
  if (U_FAILURE(error)) return Internal(fmt::format("match '{}': {}", pattern_.substr(0, 100), u_errorName(error)));
  return matches;
}

}  // namespace plumb::text
