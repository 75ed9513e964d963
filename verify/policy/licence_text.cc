#include "plumb/policy/licence_text.h"

#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/policy/licence_phrases.h"
#include "verify/policy/text.h"

namespace plumb {
namespace {

// Appends the words of one line, divided by single spaces.
void AppendWords(std::string_view line, std::string* out) {
  for (const char c : line) {
    if (IsAsciiAlnum(c) || c == '+') {
      *out += LowerAscii(c);
    } else if (!out->empty() && out->back() != ' ') {
      *out += ' ';
    }
  }
  if (!out->empty() && out->back() != ' ') *out += ' ';
}

// True for `Copyright (c) 2024 Name`: it differs from file to file. Words: `copyright` and
// then `c`, a year, or nothing but a placeholder; a sentence goes on with a lower-case word.
bool IsCopyrightLine(std::string_view line) {
  std::string words;
  AppendWords(line, &words);
  std::string_view rest = words;
  if (!rest.starts_with("copyright ")) return false;
  rest.remove_prefix(10);
  return rest.starts_with("c ") || rest.starts_with("year ") || rest.starts_with("yyyy ") ||
         (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') || line.find("\u00a9") != std::string_view::npos;
}

bool Matches(const LicencePhrases& phrases, std::string_view normalised) {
  const auto holds = [&](std::string_view phrase) { return normalised.find(phrase) != std::string_view::npos; };
  for (const std::string_view phrase : phrases.all) {
    if (!phrase.empty() && !holds(phrase)) return false;
  }
  for (const std::string_view phrase : phrases.none) {
    if (!phrase.empty() && holds(phrase)) return false;
  }
  return true;
}

// The name under which IdentifyLicenceText knows a term's text.
std::string TextNameOf(std::string_view id) {
  for (const std::string_view suffix : {"-no-invariants-only", "-no-invariants-or-later", "-invariants-only",
                                        "-invariants-or-later", "-only", "-or-later"}) {
    if (id.ends_with(suffix)) return std::string(id.substr(0, id.size() - suffix.size()));
  }
  if (id == "MPL-2.0-no-copyleft-exception") return "MPL-2.0";
  return std::string(id);
}

// True when a file that holds the licence `found` fits a term with this id.
bool Fits(std::string_view found, std::string_view id) {
  const std::string name = TextNameOf(id);
  if (LowerAscii(found) == LowerAscii(name)) return true;
  return name == "LGPL-3.0" && found == "GPL-3.0";
}

}  // namespace

std::string NormaliseLicenceText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!IsCopyrightLine(line)) AppendWords(line, &out);
  }
  if (!out.empty()) out.pop_back();
  return out;
}

std::vector<std::string> IdentifyLicenceText(std::string_view text) {
  const std::string normalised = NormaliseLicenceText(text.substr(0, limits::kLicenceTextBytesMax));
  std::vector<std::string> found;
  for (const LicencePhrases& phrases : kLicencePhrases) {
    if (Matches(phrases, normalised)) found.emplace_back(phrases.id);
  }
  return found;
}

LicenceComparison CheckLicenceAgreement(const LicenceExpression& expression, std::string_view text) {
  LicenceComparison comparison{.found = IdentifyLicenceText(text)};
  if (comparison.found.empty()) return comparison;
  const std::vector<LicenceTerm> terms = LicenceTerms(expression);
  const bool all_stated = std::all_of(comparison.found.begin(), comparison.found.end(), [&](const std::string& found) {
    return std::any_of(terms.begin(), terms.end(), [&](const LicenceTerm& term) { return Fits(found, term.id); });
  });
  comparison.agreement = all_stated ? LicenceAgreement::kAgrees : LicenceAgreement::kDisagrees;
  return comparison;
}

absl::Status RequireLicenceAgreement(const LicenceExpression& expression, std::string_view text,
                                     std::string_view path) {
  const LicenceComparison comparison = CheckLicenceAgreement(expression, text);
  if (comparison.agreement != LicenceAgreement::kDisagrees) return absl::OkStatus();
  return WithErrorClass(
      FailedPrecondition(fmt::format("licence stated as {}, but {} holds the text of {}",
                                     RenderLicenceExpression(expression), path, fmt::join(comparison.found, " and "))),
      ErrorClass::kPolicy);
}

}  // namespace plumb
