// Errors of every part of Plumb.
//
// Functions return absl::Status or absl::StatusOr. The code says what kind of failure it
// is, as gRPC means it; the message says what was being done, to what, what was found and
// what was expected. Where the code alone does not tell a program what to do next (a full
// local disk and a busy server are both RESOURCE_EXHAUSTED), an ErrorClass is attached.
#ifndef PLUMB_BASE_STATUS_H_
#define PLUMB_BASE_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {

// What a failure means to the person at the command line; decides the exit code.
enum class ErrorClass {
  kNone,          // The status code decides.
  kUsage,         // The call itself was wrong.
  kVerification,  // Bytes, hash or proof are not what was promised.
  kSmoke,         // The model does not compute what was recorded.
  kLocalStorage,  // This machine's disk is full, read-only or locked.
  kPolicy,        // Refused by a rule: licence, unsafe or contradictory file.
};

// Returns `status` with `error_class` attached, replacing one attached before.
// An OK status is returned unchanged.
absl::Status WithErrorClass(absl::Status status, ErrorClass error_class);

// The class attached to `status`, or kNone.
ErrorClass ErrorClassOf(const absl::Status& status);

// The message of `status` as a standard view; valid as long as `status`.
std::string_view Message(const absl::Status& status);

// Returns `status` with "`context`: " in front of its message; code and payloads stay.
absl::Status Annotate(const absl::Status& status, std::string_view context);

// The status for a failed system call: `error` is errno, `what` the action and its object
// ("open /x/y"). Full, read-only and over-quota disks get ErrorClass::kLocalStorage.
absl::Status ErrnoStatus(int error, std::string_view what);

// Statuses with a formatted message, one for each code that Plumb raises itself.
absl::Status InvalidArgument(std::string message);
absl::Status NotFound(std::string message);
absl::Status AlreadyExists(std::string message);
absl::Status FailedPrecondition(std::string message);
absl::Status OutOfRange(std::string message);
absl::Status DataLoss(std::string message);
absl::Status Internal(std::string message);
absl::Status Unavailable(std::string message);

}  // namespace plumb

#define PLUMB_CONCAT_INNER(a, b) a##b
#define PLUMB_CONCAT(a, b) PLUMB_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expression` is not OK.
#define PLUMB_RETURN_IF_ERROR(expression)                                                     \
  do {                                                                                        \
    if (absl::Status plumb_status_ = (expression); !plumb_status_.ok()) return plumb_status_; \
  } while (false)

// `lhs` = the value of `expression`, or return its error.
#define PLUMB_ASSIGN_OR_RETURN(lhs, expression) \
  PLUMB_ASSIGN_OR_RETURN_INNER(PLUMB_CONCAT(plumb_or_, __LINE__), lhs, expression)
#define PLUMB_ASSIGN_OR_RETURN_INNER(tmp, lhs, expression) \
  auto tmp = (expression);                                 \
  if (!tmp.ok()) return tmp.status();                      \
  lhs = *std::move(tmp)

#endif  // PLUMB_BASE_STATUS_H_
