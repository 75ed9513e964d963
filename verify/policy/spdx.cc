#include "plumb/policy/spdx.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/policy/spdx_ids.h"
#include "verify/policy/text.h"

namespace plumb {
namespace {

enum class Operator { kNone, kAnd, kOr, kWith };

bool IsIdCharacter(char c) { return IsAsciiAlnum(c) || c == '-' || c == '.'; }

bool IsIdString(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!IsIdCharacter(c)) return false;
  }
  return true;
}

Operator ToOperator(std::string_view word) {
  if (word == "AND" || word == "and") return Operator::kAnd;
  if (word == "OR" || word == "or") return Operator::kOr;
  if (word == "WITH" || word == "with") return Operator::kWith;
  return Operator::kNone;
}

// True for `[DocumentRef-x:]<prefix>y`.
bool IsReference(std::string_view word, std::string_view prefix) {
  static constexpr std::string_view kDocument = "DocumentRef-";
  if (word.starts_with(kDocument)) {
    const size_t colon = word.find(':');
    if (colon == std::string_view::npos) return false;
    if (!IsIdString(word.substr(kDocument.size(), colon - kDocument.size()))) return false;
    word.remove_prefix(colon + 1);
  }
  return word.starts_with(prefix) && IsIdString(word.substr(prefix.size()));
}

// A recursive-descent parser over one text.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<LicenceExpression> Parse() {
    PLUMB_ASSIGN_OR_RETURN(LicenceExpression expression, ParseChain(Operator::kOr));
    if (!AtEnd()) return Error(Position(), fmt::format("unexpected \"{}\"; expected AND, OR or the end", PeekWord()));
    return expression;
  }

 private:
  absl::Status Error(size_t position, std::string_view why) const {
    return WithErrorClass(
        InvalidArgument(fmt::format("licence expression \"{}\", position {}: {}", text_, position, why)),
        ErrorClass::kPolicy);
  }

  size_t Position() {
    while (next_ < text_.size() && (text_[next_] == ' ' || text_[next_] == '\t')) ++next_;
    return next_;
  }
  bool AtEnd() { return Position() == text_.size(); }

  // The next token: a parenthesis, a run of id characters and `:`, or one stray character.
  std::string_view PeekWord() {
    const size_t begin = Position();
    size_t end = begin;
    while (end < text_.size() && (IsIdCharacter(text_[end]) || text_[end] == ':')) ++end;
    return text_.substr(begin, end == begin ? 1 : end - begin);
  }
  bool Take(char c) {
    if (AtEnd() || text_[next_] != c) return false;
    ++next_;
    return true;
  }
  bool TakeOperator(Operator wanted) {
    const std::string_view word = PeekWord();
    if (ToOperator(word) != wanted) return false;
    next_ += word.size();
    return true;
  }

  // A chain of AND, or of OR whose links are chains of AND.
  absl::StatusOr<LicenceExpression> ParseChain(Operator op) {
    const LicenceExpression::Kind kind =
        op == Operator::kOr ? LicenceExpression::Kind::kOr : LicenceExpression::Kind::kAnd;
    LicenceExpression chain{.kind = kind};
    do {
      PLUMB_ASSIGN_OR_RETURN(LicenceExpression operand, op == Operator::kOr ? ParseChain(Operator::kAnd) : ParseAtom());
      if (operand.kind == kind) {
        for (LicenceExpression& inner : operand.operands) chain.operands.push_back(std::move(inner));
      } else {
        chain.operands.push_back(std::move(operand));
      }
    } while (TakeOperator(op));
    if (chain.operands.size() > 1) return chain;
    LicenceExpression only = std::move(chain.operands.front());
    return only;
  }

  absl::StatusOr<LicenceExpression> ParseAtom() {
    const size_t begin = Position();
    if (!Take('(')) return ParseTerm();
    if (++depth_ > limits::kLicenceExpressionDepthMax) {
      return Error(begin, fmt::format("parentheses nested deeper than {}", limits::kLicenceExpressionDepthMax));
    }
    PLUMB_ASSIGN_OR_RETURN(LicenceExpression inner, ParseChain(Operator::kOr));
    if (!Take(')')) return Error(Position(), fmt::format("expected \")\" for the \"(\" at position {}", begin));
    --depth_;
    return inner;
  }

  absl::StatusOr<LicenceExpression> ParseTerm() {
    LicenceExpression expression;
    PLUMB_ASSIGN_OR_RETURN(expression.term.id, ParseId());
    if (next_ < text_.size() && text_[next_] == '+') {
      if (IsReference(expression.term.id, "LicenseRef-")) return Error(next_, "\"+\" cannot follow a LicenseRef");
      expression.term.or_later = true;
      ++next_;
    }
    if (TakeOperator(Operator::kWith)) {
      PLUMB_ASSIGN_OR_RETURN(expression.term.exception, ParseException());
    }
    return expression;
  }

  absl::StatusOr<std::string> ParseId() {
    const size_t begin = Position();
    if (AtEnd()) return Error(begin, "expected a licence id, found the end");
    const std::string_view word = PeekWord();
    if (ToOperator(word) != Operator::kNone) {
      return Error(begin, fmt::format("expected a licence id, found the operator {}", word));
    }
    if (!IsIdCharacter(word.front())) return Error(begin, fmt::format("expected a licence id, found \"{}\"", word));
    if (IsReference(word, "LicenseRef-")) {
      next_ += word.size();
      return std::string(word);
    }
    const std::optional<LicenceInfo> info = FindLicence(word);
    if (!info) return UnknownId(begin, word);
    next_ += word.size();
    return std::string(info->id);
  }

  absl::Status UnknownId(size_t begin, std::string_view word) const {
    const std::string upper_hint = LowerAscii(word);
    if (upper_hint.starts_with("licenseref-") || upper_hint.starts_with("documentref-")) {
      return Error(
          begin,
          fmt::format("\"{}\" is not a reference; write LicenseRef-name or DocumentRef-doc:LicenseRef-name", word));
    }
    if (upper_hint == "none" || upper_hint == "noassertion") {
      return Error(begin, fmt::format("{} is not a licence; leave the licence empty instead", word));
    }
    const std::string nearest = NearestLicence(word);
    const std::string hint = nearest.empty() ? "use LicenseRef-name for a licence that is not on the SPDX list"
                                             : fmt::format("did you mean {}?", nearest);
    return Error(begin, fmt::format("unknown licence id \"{}\"; {}", word, hint));
  }

  absl::StatusOr<std::string> ParseException() {
    const size_t begin = Position();
    if (AtEnd()) return Error(begin, "expected an exception id after WITH, found the end");
    const std::string_view word = PeekWord();
    const std::optional<std::string_view> known = FindLicenceException(word);
    if (known) {
      next_ += word.size();
      return std::string(*known);
    }
    if (IsReference(word, "AdditionRef-")) {
      next_ += word.size();
      return std::string(word);
    }
    const std::string nearest = NearestLicenceException(word);
    return Error(begin, fmt::format("unknown exception id \"{}\"{}", word,
                                    nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
  }

  std::string_view text_;
  size_t next_ = 0;
  size_t depth_ = 0;
};

// What the SPDX list puts in place of a deprecated id; empty when it depends on the work.
std::string SuccessorOf(const LicenceTerm& term) {
  const std::string& id = term.id;
  for (const std::string_view gnu : {"GPL-", "LGPL-", "AGPL-", "GFDL-"}) {
    if (!id.starts_with(gnu) || id.find("with") != std::string::npos) continue;
    return id + (term.or_later ? "-or-later" : "-only");
  }
  if (id == "BSD-2-Clause-FreeBSD") return "BSD-2-Clause-Views";
  if (id == "BSD-2-Clause-NetBSD") return "BSD-2-Clause";
  if (id == "bzip2-1.0.5") return "bzip2-1.0.6";
  if (id == "StandardML-NJ") return "SMLNJ";
  return "";
}

void CollectTerms(const LicenceExpression& expression, std::vector<LicenceTerm>* out) {
  if (expression.kind == LicenceExpression::Kind::kTerm) out->push_back(expression.term);
  for (const LicenceExpression& operand : expression.operands) CollectTerms(operand, out);
}

}  // namespace

absl::StatusOr<LicenceExpression> ParseLicenceExpression(std::string_view text) {
  if (text.size() > limits::kLicenceExpressionBytesMax) {
    return WithErrorClass(InvalidArgument(fmt::format("licence expression of {} bytes; expected at most {}",
                                                      text.size(), limits::kLicenceExpressionBytesMax)),
                          ErrorClass::kPolicy);
  }
  return Parser(text).Parse();
}

std::string RenderLicenceExpression(const LicenceExpression& expression) {
  if (expression.kind == LicenceExpression::Kind::kTerm) {
    const LicenceTerm& term = expression.term;
    return fmt::format("{}{}{}{}", term.id, term.or_later ? "+" : "", term.exception.empty() ? "" : " WITH ",
                       term.exception);
  }
  const bool conjunction = expression.kind == LicenceExpression::Kind::kAnd;
  std::string out;
  for (const LicenceExpression& operand : expression.operands) {
    if (!out.empty()) out += conjunction ? " AND " : " OR ";
    const bool parentheses = conjunction && operand.kind == LicenceExpression::Kind::kOr;
    out += fmt::format(fmt::runtime(parentheses ? "({})" : "{}"), RenderLicenceExpression(operand));
  }
  return out;
}

std::vector<LicenceTerm> LicenceTerms(const LicenceExpression& expression) {
  std::vector<LicenceTerm> terms;
  CollectTerms(expression, &terms);
  return terms;
}

std::vector<std::string> DeprecationWarnings(const LicenceExpression& expression) {
  std::vector<std::string> warnings;
  for (const LicenceTerm& term : LicenceTerms(expression)) {
    const std::optional<LicenceInfo> info = FindLicence(term.id);
    if (!info || !info->deprecated) continue;
    const std::string successor = SuccessorOf(term);
    warnings.push_back(fmt::format("licence id {} is deprecated{}", term.id,
                                   successor.empty() ? "" : fmt::format("; write {}", successor)));
  }
  return warnings;
}

bool IsOsiApproved(const LicenceExpression& expression) {
  if (expression.kind == LicenceExpression::Kind::kTerm) {
    const std::optional<LicenceInfo> info = FindLicence(expression.term.id);
    return info && info->osi_approved;
  }
  const bool conjunction = expression.kind == LicenceExpression::Kind::kAnd;
  for (const LicenceExpression& operand : expression.operands) {
    if (IsOsiApproved(operand) != conjunction) return !conjunction;
  }
  return conjunction;
}

}  // namespace plumb
