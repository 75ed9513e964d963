#include "plumb/policy/hub_tags.h"

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/policy/text.h"

namespace plumb {
namespace {

struct TagRow {
  std::string_view tag;
  std::string_view expression;
};

// Tags of licences that are not on the SPDX list, or stand there under another name.
constexpr TagRow kTags[] = {
    {"apple-amlr", "LicenseRef-hf-apple-amlr"},
    {"apple-ascl", "LicenseRef-hf-apple-ascl"},
    {"bigcode-openrail-m", "LicenseRef-hf-bigcode-openrail-m"},
    {"bigscience-bloom-rail-1.0", "LicenseRef-hf-bigscience-bloom-rail-1.0"},
    {"bigscience-openrail-m", "LicenseRef-hf-bigscience-openrail-m"},
    {"creativeml-openrail-m", "LicenseRef-hf-creativeml-openrail-m"},
    {"deepfloyd-if-license", "LicenseRef-hf-deepfloyd-if-license"},
    {"fair-noncommercial-research-license", "LicenseRef-hf-fair-noncommercial-research-license"},
    {"gemma", "LicenseRef-hf-gemma"},
    {"grok2-community", "LicenseRef-hf-grok2-community"},
    {"h-research", "LicenseRef-hf-h-research"},
    {"intel-research", "LicenseRef-hf-intel-research"},
    {"lgpl-lr", "LGPLLR"},
    {"llama2", "LicenseRef-hf-llama2"},
    {"llama3", "LicenseRef-hf-llama3"},
    {"llama3.1", "LicenseRef-hf-llama3.1"},
    {"llama3.2", "LicenseRef-hf-llama3.2"},
    {"llama3.3", "LicenseRef-hf-llama3.3"},
    {"llama4", "LicenseRef-hf-llama4"},
    {"openmdw-1.1", "LicenseRef-hf-openmdw-1.1"},
    {"openrail", "LicenseRef-hf-openrail"},
    {"openrail++", "LicenseRef-hf-openrail-plus-plus"},
    {"pddl", "PDDL-1.0"},
};

// Tags that leave open which licence is meant, with one that would not.
constexpr TagRow kVague[] = {
    {"bsd", "BSD-3-Clause"},       {"cc", "CC-BY-4.0"},  {"gfdl", "GFDL-1.3-or-later"}, {"gpl", "GPL-3.0-or-later"},
    {"lgpl", "LGPL-2.1-or-later"}, {"odbl", "ODbL-1.0"}, {"odc-by", "ODC-By-1.0"},      {"agpl", "AGPL-3.0-or-later"},
};

absl::Status Refuse(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kPolicy);
}

// `My licence (v2)` -> `LicenseRef-My-licence-v2`; empty when nothing can be kept.
std::string ReferenceFromName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (IsAsciiAlnum(c) || c == '.') {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? out : "LicenseRef-" + out;
}

absl::StatusOr<LicenceExpression> ResolveOther(std::string_view license_name) {
  const std::string reference = ReferenceFromName(license_name);
  if (reference.empty()) {
    return Refuse("the card says `license: other`; expected `license_name` beside it, or an SPDX expression");
  }
  return ParseLicenceExpression(reference);
}

}  // namespace

absl::StatusOr<LicenceExpression> ResolveLicence(std::string_view stated, std::string_view license_name) {
  const std::string tag = LowerAscii(stated);
  for (const TagRow& row : kTags) {
    if (row.tag == tag) return ParseLicenceExpression(row.expression);
  }
  for (const TagRow& row : kVague) {
    if (row.tag != tag) continue;
    return Refuse(
        fmt::format("licence \"{}\" names a family, not a licence; write for example {}", stated, row.expression));
  }
  if (tag == "other") return ResolveOther(license_name);
  if (tag == "unknown") return Refuse("licence \"unknown\": state the licence, or none");
  return ParseLicenceExpression(stated);
}

absl::StatusOr<CardLicence> ResolveCardLicence(std::string_view stated, std::string_view license_name) {
  const std::string tag = LowerAscii(stated);
  CardLicence licence;
  for (const TagRow& row : kVague) {
    if (row.tag != tag) continue;
    PLUMB_ASSIGN_OR_RETURN(licence.expression, ParseLicenceExpression("LicenseRef-hf-" + tag));
    licence.remark =
        fmt::format("licence \"{}\" names a family, not a licence; {} would be one", stated, row.expression);
    return licence;
  }
  if (tag == "unknown") {
    licence.remark = "the card says `license: unknown`: nobody else may use the model";
    return licence;
  }
  if (tag == "other" && ReferenceFromName(license_name).empty()) {
    PLUMB_ASSIGN_OR_RETURN(licence.expression, ParseLicenceExpression("LicenseRef-other"));
    licence.remark = "the card says `license: other` without `license_name`: which licence it is, readers cannot see";
    return licence;
  }
  PLUMB_ASSIGN_OR_RETURN(licence.expression, ResolveLicence(stated, license_name));
  return licence;
}

}  // namespace plumb
