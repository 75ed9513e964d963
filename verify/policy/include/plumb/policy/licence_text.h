// Which licence a LICENSE file holds, and whether it is the one that was stated.
//
// Security property: a disagreement is real: the file carries the characteristic sentences
// of another licence than those stated. An agreement means only that these sentences of a
// stated licence are there; it does not show that nothing was added to the text, that the
// file covers the weights, or that the publisher has the right to grant it.
#ifndef PLUMB_POLICY_LICENCE_TEXT_H_
#define PLUMB_POLICY_LICENCE_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "plumb/policy/spdx.h"

namespace plumb {

// `text` as it is compared: lines that only state a copyright dropped, letters lower-case,
// everything but letters, digits and `+` turned into single spaces.
std::string NormaliseLicenceText(std::string_view text);

// The licences whose characteristic sentences `text` holds, in the order of our table; empty
// when none is recognised. GNU licences carry no suffix (`GPL-3.0`): the text does not say
// whether later versions apply. Reads at most limits::kLicenceTextBytesMax bytes of `text`;
// bytes that are not ASCII count as spaces. Thread-safe.
std::vector<std::string> IdentifyLicenceText(std::string_view text);

enum class LicenceAgreement {
  kAgrees,        // Every licence found is one of the expression's.
  kDisagrees,     // One that was found is not.
  kUnrecognised,  // None was found: nothing can be said.
};

// The outcome of CheckLicenceAgreement.
struct LicenceComparison {
  LicenceAgreement agreement = LicenceAgreement::kUnrecognised;
  std::vector<std::string> found;  // As IdentifyLicenceText.
};

// Compares one licence file with the stated expression. A file need not hold all of an
// expression's licences. `X+` and WITH compare as X; LGPL-3.0 may come as the text of
// GPL-3.0, which it extends. Thread-safe.
LicenceComparison CheckLicenceAgreement(const LicenceExpression& expression, std::string_view text);

// OK unless the file disagrees; then FAILED_PRECONDITION with ErrorClass::kPolicy that says
// what `path` holds and what was stated.
absl::Status RequireLicenceAgreement(const LicenceExpression& expression, std::string_view text, std::string_view path);

}  // namespace plumb

#endif  // PLUMB_POLICY_LICENCE_TEXT_H_
