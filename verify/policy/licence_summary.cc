#include "plumb/policy/licence_summary.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "plumb/policy/spdx.h"
#include "plumb/policy/spdx_ids.h"

namespace plumb {
namespace {

struct Limit {
  std::string_view mark;  // In the lower-case id.
  std::string_view words;
};

// By what stands in an id; the first that fits counts.
constexpr Limit kLimits[] = {
    {"-nc-nd", "no commercial use, no changed versions"},
    {"-nc", "no commercial use"},
    {"noncommercial", "no commercial use"},
    {"non-commercial", "no commercial use"},
    {"h-research", "research only"},
    {"intel-research", "research only"},
    {"apple-amlr", "research only"},
    {"-nd", "no changed versions"},
    {"rail", "rules of use"},
    {"deepfloyd", "rules of use"},
    {"llama", "terms of its maker"},
    {"gemma", "terms of its maker"},
    {"grok", "terms of its maker"},
};

std::string_view LimitOf(const std::string& id) {
  std::string lower = id;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Limit& limit : kLimits) {
    if (lower.find(limit.mark) != lower.npos) return limit.words;
  }
  return {};
}

bool IsFree(const LicenceTerm& term) {
  const std::optional<LicenceInfo> info = FindLicence(term.id);
  return info.has_value() && (info->osi_approved || info->fsf_libre);
}

}  // namespace

std::string LicenceSummary(std::string_view expression) {
  if (expression.empty()) return "none stated: ask the publisher before you use it";
  std::string text(expression);
  const absl::StatusOr<LicenceExpression> parsed = ParseLicenceExpression(expression);
  if (!parsed.ok()) return text + " (not a known licence: read its terms)";
  const std::vector<LicenceTerm> terms = LicenceTerms(*parsed);
  std::vector<std::string_view> limits;
  for (const LicenceTerm& term : terms) {
    const std::string_view limit = LimitOf(term.id);
    if (!limit.empty() && std::find(limits.begin(), limits.end(), limit) == limits.end()) limits.push_back(limit);
  }
  std::string words;
  for (const std::string_view limit : limits) words += (words.empty() ? "" : ", ") + std::string(limit);
  if (!words.empty()) return text + " (" + words + ": read its terms)";
  if (IsOsiApproved(*parsed)) return text + " (open source)";
  if (std::all_of(terms.begin(), terms.end(), IsFree)) return text + " (free by the FSF's list)";
  const bool own = std::any_of(terms.begin(), terms.end(),
                               [](const LicenceTerm& term) { return !FindLicence(term.id).has_value(); });
  return own ? text + " (a licence of its own: read its terms)" : text;
}

}  // namespace plumb
