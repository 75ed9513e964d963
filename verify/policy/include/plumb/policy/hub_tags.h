// What a model card says under `license:`, as an SPDX expression.
#ifndef PLUMB_POLICY_HUB_TAGS_H_
#define PLUMB_POLICY_HUB_TAGS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/policy/spdx.h"

namespace plumb {

// Reads what a card or a flag states: an SPDX expression, or one of the tags that model hubs
// use instead (`llama3`, `creativeml-openrail-m`, ...), which becomes `LicenseRef-hf-<tag>`.
// `other` becomes a LicenseRef made from `license_name`, which must then be set. A tag that
// names a whole family (`cc`, `gpl`, `bsd`) or none (`unknown`), and whatever is neither tag
// nor expression, is INVALID_ARGUMENT with ErrorClass::kPolicy. Thread-safe.
absl::StatusOr<LicenceExpression> ResolveLicence(std::string_view stated, std::string_view license_name);

// What a card's `license:` is recorded as, and a remark for the publisher, often empty.
struct CardLicence {
  std::optional<LicenceExpression> expression;  // None when none is stated.
  std::string remark;
};

// ResolveLicence for a card as hubs accept it: a family (`cc`, `gpl`) becomes `LicenseRef-hf-<tag>`, `other` without
// `license_name` becomes `LicenseRef-other`, `unknown` states none, each with a remark. Errors of ResolveLicence for
// what no hub accepts. Thread-safe.
absl::StatusOr<CardLicence> ResolveCardLicence(std::string_view stated, std::string_view license_name);

}  // namespace plumb

#endif  // PLUMB_POLICY_HUB_TAGS_H_
