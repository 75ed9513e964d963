#include "client/cli/exit_code.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

struct Row {
  absl::StatusCode code;
  ErrorClass error_class;
  int exit_code;
};

std::string NameOf(const testing::TestParamInfo<Row>& info) {
  return absl::StatusCodeToString(info.param.code) + "_" + std::to_string(static_cast<int>(info.param.error_class));
}

class ExitCodeTest : public testing::TestWithParam<Row> {};

TEST_P(ExitCodeTest, IsTheOneOfTheTable) {
  absl::Status status(GetParam().code, "what");
  if (GetParam().error_class != ErrorClass::kNone) status = WithErrorClass(status, GetParam().error_class);
  EXPECT_EQ(ExitCodeFor(status), GetParam().exit_code);
}

using Code = absl::StatusCode;

INSTANTIATE_TEST_SUITE_P(Codes, ExitCodeTest,
                         testing::ValuesIn(std::vector<Row>{
                             {Code::kCancelled, ErrorClass::kNone, 130},
                             {Code::kUnknown, ErrorClass::kNone, 1},
                             {Code::kInvalidArgument, ErrorClass::kNone, 1},
                             {Code::kDeadlineExceeded, ErrorClass::kNone, 5},
                             {Code::kNotFound, ErrorClass::kNone, 3},
                             {Code::kAlreadyExists, ErrorClass::kNone, 1},
                             {Code::kPermissionDenied, ErrorClass::kNone, 4},
                             {Code::kResourceExhausted, ErrorClass::kNone, 5},
                             {Code::kFailedPrecondition, ErrorClass::kNone, 1},
                             {Code::kAborted, ErrorClass::kNone, 1},
                             {Code::kOutOfRange, ErrorClass::kNone, 1},
                             {Code::kUnimplemented, ErrorClass::kNone, 1},
                             {Code::kInternal, ErrorClass::kNone, 1},
                             {Code::kUnavailable, ErrorClass::kNone, 5},
                             {Code::kDataLoss, ErrorClass::kNone, 6},
                             {Code::kUnauthenticated, ErrorClass::kNone, 4},
                         }),
                         NameOf);

INSTANTIATE_TEST_SUITE_P(Classes, ExitCodeTest,
                         testing::ValuesIn(std::vector<Row>{
                             {Code::kInvalidArgument, ErrorClass::kUsage, 2},
                             {Code::kInvalidArgument, ErrorClass::kVerification, 6},
                             {Code::kFailedPrecondition, ErrorClass::kSmoke, 7},
                             {Code::kResourceExhausted, ErrorClass::kLocalStorage, 8},
                             {Code::kDataLoss, ErrorClass::kLocalStorage, 8},
                             {Code::kInvalidArgument, ErrorClass::kPolicy, 9},
                             {Code::kNotFound, ErrorClass::kUsage, 2},
                         }),
                         NameOf);

TEST(ExitCode, OfSuccessIsZero) { EXPECT_EQ(ExitCodeFor(absl::OkStatus()), 0); }

TEST(ExitCode, SurvivesAnAnnotation) {
  absl::Status status = Annotate(WithErrorClass(NotFound("x"), ErrorClass::kPolicy), "while publishing");
  EXPECT_EQ(ExitCodeFor(status), 9);
}

TEST(ExitCode, OfAFullDiskIsLocalStorage) { EXPECT_EQ(ExitCodeFor(ErrnoStatus(ENOSPC, "write /x")), 8); }

TEST(ExitCode, OfAReadOnlyDiskIsLocalStorage) { EXPECT_EQ(ExitCodeFor(ErrnoStatus(EROFS, "write /x")), 8); }

TEST(ExitCode, OfAMissingFileIsNotFound) { EXPECT_EQ(ExitCodeFor(ErrnoStatus(ENOENT, "open /x")), 3); }

}  // namespace
}  // namespace plumb::cli
