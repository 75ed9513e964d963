// SPDX licence expressions: `Apache-2.0`, `GPL-2.0-or-later WITH Classpath-exception-2.0`,
// `(MIT OR LicenseRef-x) AND CC0-1.0`, by the ABNF of SPDX 3.0.
//
// Security property: an accepted expression is well formed and names only licences that are
// on the SPDX list or declare themselves to be private (`LicenseRef-`). It does not show
// that the publisher may license the work so, nor that any file carries that licence's text:
// for the latter see licence_text.h.
#ifndef PLUMB_POLICY_SPDX_H_
#define PLUMB_POLICY_SPDX_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb {

// One licence of an expression, with what is attached to it.
struct LicenceTerm {
  std::string id;         // Canonical case; `[DocumentRef-x:]LicenseRef-y` as written.
  bool or_later = false;  // `+` after the id.
  std::string exception;  // After WITH; empty when there is none.

  friend bool operator==(const LicenceTerm&, const LicenceTerm&) = default;
};

// A node of an expression. A value; thread-safe to read.
struct LicenceExpression {
  enum class Kind { kTerm, kAnd, kOr };

  Kind kind = Kind::kTerm;
  LicenceTerm term;                         // Of kTerm.
  std::vector<LicenceExpression> operands;  // Of kAnd and kOr: at least two, none of the same kind.

  friend bool operator==(const LicenceExpression&, const LicenceExpression&) = default;
};

// Reads an expression: `+` binds tighter than WITH, WITH than AND, AND than OR. Ids are
// matched without regard to case, operators must be all upper or all lower case.
// INVALID_ARGUMENT with ErrorClass::kPolicy gives the position (from 0, in bytes), and for
// an unknown id the one that was probably meant. At most limits::kLicenceExpressionBytesMax
// and limits::kLicenceExpressionDepthMax parentheses deep. Thread-safe.
absl::StatusOr<LicenceExpression> ParseLicenceExpression(std::string_view text);

// The canonical text; ParseLicenceExpression reads back an equal expression. Parentheses
// stand only where precedence needs them.
std::string RenderLicenceExpression(const LicenceExpression& expression);

// Every term, in the order of the text.
std::vector<LicenceTerm> LicenceTerms(const LicenceExpression& expression);

// One sentence for each term whose id the SPDX list has deprecated, with its successor where
// there is one choice. Deprecated ids are valid: these are warnings.
std::vector<std::string> DeprecationWarnings(const LicenceExpression& expression);

// True when the terms can be met with OSI-approved licences alone: every operand of AND, one
// of OR. Private licences never count.
bool IsOsiApproved(const LicenceExpression& expression);

}  // namespace plumb

#endif  // PLUMB_POLICY_SPDX_H_
