#include "client/cli/exit_code.h"

#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

ExitCode ExitCodeForCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return kDone;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kNotPermitted;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kUnreachable;
    case absl::StatusCode::kDataLoss:
      return kNotVerified;
    case absl::StatusCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

}  // namespace

ExitCode ExitCodeFor(const absl::Status& status) {
  if (status.ok()) return kDone;
  switch (ErrorClassOf(status)) {
    case ErrorClass::kUsage:
      return kWrongUsage;
    case ErrorClass::kVerification:
      return kNotVerified;
    case ErrorClass::kSmoke:
      return kSmokeFailed;
    case ErrorClass::kLocalStorage:
      return kStorageFailed;
    case ErrorClass::kPolicy:
      return kRefused;
    case ErrorClass::kNone:
      break;
  }
  return ExitCodeForCode(status.code());
}

}  // namespace plumb::cli
