#include "plumb/base/status.h"

#include <cerrno>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/errno_of.h"

namespace plumb {
namespace {

constexpr ErrorClass kClasses[] = {ErrorClass::kNone,  ErrorClass::kUsage,        ErrorClass::kVerification,
                                   ErrorClass::kSmoke, ErrorClass::kLocalStorage, ErrorClass::kPolicy};

TEST(StatusTest, ClassIsKept) {
  for (ErrorClass error_class : kClasses) {
    EXPECT_EQ(ErrorClassOf(WithErrorClass(NotFound("x"), error_class)), error_class);
  }
}

TEST(StatusTest, ClassIsReplaced) {
  absl::Status status = WithErrorClass(NotFound("x"), ErrorClass::kUsage);
  EXPECT_EQ(ErrorClassOf(WithErrorClass(status, ErrorClass::kPolicy)), ErrorClass::kPolicy);
}

TEST(StatusTest, NoClassIsNone) {
  EXPECT_EQ(ErrorClassOf(NotFound("x")), ErrorClass::kNone);
  EXPECT_EQ(ErrorClassOf(absl::OkStatus()), ErrorClass::kNone);
}

TEST(StatusTest, OkStaysOk) {
  EXPECT_TRUE(WithErrorClass(absl::OkStatus(), ErrorClass::kPolicy).ok());
  EXPECT_TRUE(Annotate(absl::OkStatus(), "context").ok());
}

TEST(StatusTest, ForeignPayloadIsNone) {
  for (const char* payload : {"", "6", "12", "x", "-1"}) {
    absl::Status status = NotFound("x");
    status.SetPayload("plumb/error-class", absl::Cord(payload));
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kNone) << payload;
  }
}

TEST(StatusTest, AnnotateKeepsCodeAndPayloads) {
  absl::Status status = WithErrorClass(DataLoss("bytes differ"), ErrorClass::kVerification);
  status.SetPayload("other", absl::Cord("kept"));
  absl::Status annotated = Annotate(status, "pull m");
  EXPECT_EQ(annotated.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Message(annotated), "pull m: bytes differ");
  EXPECT_EQ(ErrorClassOf(annotated), ErrorClass::kVerification);
  EXPECT_EQ(annotated.GetPayload("other"), absl::Cord("kept"));
}

TEST(StatusTest, EachMakerHasItsCode) {
  EXPECT_TRUE(absl::IsInvalidArgument(InvalidArgument("x")));
  EXPECT_TRUE(absl::IsNotFound(NotFound("x")));
  EXPECT_TRUE(absl::IsAlreadyExists(AlreadyExists("x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(FailedPrecondition("x")));
  EXPECT_TRUE(absl::IsOutOfRange(OutOfRange("x")));
  EXPECT_TRUE(absl::IsDataLoss(DataLoss("x")));
  EXPECT_TRUE(absl::IsInternal(Internal("x")));
  EXPECT_TRUE(absl::IsUnavailable(Unavailable("x")));
  EXPECT_EQ(Message(NotFound("a message")), "a message");
}

TEST(StatusTest, ErrnoIsKept) {
  EXPECT_EQ(ErrnoOf(ErrnoStatus(EROFS, "x")), EROFS);
  EXPECT_EQ(ErrnoOf(Annotate(ErrnoStatus(ENAMETOOLONG, "x"), "y")), ENAMETOOLONG);
  EXPECT_EQ(ErrnoOf(NotFound("x")), 0);
  EXPECT_EQ(ErrnoOf(absl::OkStatus()), 0);
}

TEST(StatusTest, OnlyAFailedCallCountsAsLocalStorage) {
  EXPECT_EQ(ErrorClassOf(AsLocalStorage(ErrnoStatus(ENOTDIR, "x"))), ErrorClass::kLocalStorage);
  EXPECT_EQ(ErrorClassOf(AsLocalStorage(NotFound("x"))), ErrorClass::kNone);
  absl::Status policy = WithErrorClass(ErrnoStatus(EEXIST, "x"), ErrorClass::kPolicy);
  EXPECT_EQ(ErrorClassOf(AsLocalStorage(policy)), ErrorClass::kPolicy);
  EXPECT_TRUE(AsLocalStorage(absl::OkStatus()).ok());
}

TEST(StatusTest, ErrnoGivesTheCode) {
  EXPECT_TRUE(absl::IsNotFound(ErrnoStatus(ENOENT, "x")));
  EXPECT_TRUE(absl::IsNotFound(ErrnoStatus(ENOTDIR, "x")));
  EXPECT_TRUE(absl::IsAlreadyExists(ErrnoStatus(EEXIST, "x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(ErrnoStatus(EACCES, "x")));
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus(ENOSPC, "x")));
  EXPECT_TRUE(absl::IsInvalidArgument(ErrnoStatus(ELOOP, "x")));
  EXPECT_TRUE(absl::IsDataLoss(ErrnoStatus(EIO, "x")));
  EXPECT_TRUE(absl::IsInternal(ErrnoStatus(EBADF, "x")));
}

TEST(StatusTest, ErrnoMessageSaysActionAndReason) {
  EXPECT_EQ(Message(ErrnoStatus(ENOENT, "open /x")), "open /x: No such file or directory");
}

TEST(StatusTest, DisksAreLocalStorageAndOtherErrorsAreNot) {
  for (int error : {ENOSPC, EDQUOT, EROFS, EFBIG, EACCES, EPERM, EIO}) {
    EXPECT_EQ(ErrorClassOf(ErrnoStatus(error, "x")), ErrorClass::kLocalStorage) << error;
  }
  for (int error : {ENOENT, EEXIST, EMFILE, ELOOP, EINVAL}) {
    EXPECT_EQ(ErrorClassOf(ErrnoStatus(error, "x")), ErrorClass::kNone) << error;
  }
}

absl::Status ReturnsEarly(const absl::Status& status, bool* reached) {
  PLUMB_RETURN_IF_ERROR(status);
  *reached = true;
  return absl::OkStatus();
}

absl::StatusOr<int> AddsOne(absl::StatusOr<int> value) {
  PLUMB_ASSIGN_OR_RETURN(int number, std::move(value));
  return number + 1;
}

TEST(StatusTest, MacrosReturnTheError) {
  bool reached = false;
  EXPECT_TRUE(absl::IsNotFound(ReturnsEarly(NotFound("x"), &reached)));
  EXPECT_FALSE(reached);
  EXPECT_TRUE(ReturnsEarly(absl::OkStatus(), &reached).ok());
  EXPECT_TRUE(reached);
  EXPECT_EQ(*AddsOne(1), 2);
  EXPECT_TRUE(absl::IsInternal(AddsOne(Internal("x")).status()));
}

}  // namespace
}  // namespace plumb
