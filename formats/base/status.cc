#include "plumb/base/status.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "plumb/base/errno_of.h"

namespace plumb {
namespace {

constexpr char kErrorClassUrl[] = "plumb/error-class";
constexpr char kErrnoUrl[] = "plumb/errno";

absl::StatusCode CodeForErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kFailedPrecondition;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    case ELOOP:
    case EXDEV:
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
      return absl::StatusCode::kInvalidArgument;
    case EIO:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

bool IsStorageErrno(int error) {
  return error == ENOSPC || error == EDQUOT || error == EROFS || error == EFBIG || error == EACCES || error == EPERM ||
         error == EIO;
}

}  // namespace

absl::Status WithErrorClass(absl::Status status, ErrorClass error_class) {
  if (!status.ok()) {
    status.SetPayload(kErrorClassUrl, absl::Cord(std::to_string(static_cast<int>(error_class))));
  }
  return status;
}

ErrorClass ErrorClassOf(const absl::Status& status) {
  auto payload = status.GetPayload(kErrorClassUrl);
  if (!payload.has_value()) return ErrorClass::kNone;
  std::string text(*payload);
  if (text.size() != 1 || text[0] < '0' || text[0] > '5') return ErrorClass::kNone;
  return static_cast<ErrorClass>(text[0] - '0');
}

std::string_view Message(const absl::Status& status) {
  return std::string_view(status.message().data(), status.message().size());
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), fmt::format("{}: {}", context, Message(status)));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

absl::Status ErrnoStatus(int error, std::string_view what) {
  absl::Status status(CodeForErrno(error), fmt::format("{}: {}", what, std::strerror(error)));
  status.SetPayload(kErrnoUrl, absl::Cord(std::to_string(error)));
  return IsStorageErrno(error) ? WithErrorClass(std::move(status), ErrorClass::kLocalStorage) : status;
}

int ErrnoOf(const absl::Status& status) {
  auto payload = status.GetPayload(kErrnoUrl);
  return payload.has_value() ? std::atoi(std::string(*payload).c_str()) : 0;
}

absl::Status AsLocalStorage(absl::Status status) {
  if (ErrnoOf(status) == 0 || ErrorClassOf(status) != ErrorClass::kNone) return status;
  return WithErrorClass(std::move(status), ErrorClass::kLocalStorage);
}

absl::Status InvalidArgument(std::string message) { return absl::InvalidArgumentError(message); }
absl::Status NotFound(std::string message) { return absl::NotFoundError(message); }
absl::Status AlreadyExists(std::string message) { return absl::AlreadyExistsError(message); }
absl::Status FailedPrecondition(std::string message) { return absl::FailedPreconditionError(message); }
absl::Status OutOfRange(std::string message) { return absl::OutOfRangeError(message); }
absl::Status DataLoss(std::string message) { return absl::DataLossError(message); }
absl::Status Internal(std::string message) { return absl::InternalError(message); }
absl::Status Unavailable(std::string message) { return absl::UnavailableError(message); }

}  // namespace plumb
