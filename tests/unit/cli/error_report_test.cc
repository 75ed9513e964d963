#include "client/cli/error_report.h"

#include <string>

#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

constexpr const char* kRegistry = "127.0.0.1:7070";

TEST(RenderError, SaysWhatAndHowToMendIt) {
  EXPECT_EQ(RenderError(WithMend(NotFound("acme/tiny@v9 does not exist"), "plumb list acme/tiny"), kRegistry, false),
            "Error: acme/tiny@v9 does not exist\nTry: plumb list acme/tiny\n");
}

TEST(RenderError, OfAWrongCallShowsTheUsage) {
  EXPECT_EQ(RenderError(UsageError("REF is required", "plumb pull [flags] REF [DIR]"), kRegistry, false),
            "Error: REF is required\nUsage: plumb pull [flags] REF [DIR]\n");
}

TEST(RenderError, SanitisesWhatAServerSaid) {
  EXPECT_EQ(RenderError(Internal("bad\x1b[2J"), kRegistry, false), "Error: bad\\x1b[2J\n");
}

TEST(RenderError, SetsOffLaterLines) {
  EXPECT_EQ(RenderError(Internal("one\nTry: rm -rf /"), kRegistry, false), "Error: one\n  Try: rm -rf /\n");
}

TEST(RenderError, WithoutAMessageNamesTheCode) {
  EXPECT_EQ(RenderError(absl::Status(absl::StatusCode::kInternal, ""), kRegistry, false), "Error: INTERNAL\n");
}

TEST(RenderError, WrapsAtWords) {
  EXPECT_EQ(
      RenderError(UsageError("there is no such thing as that", "plumb pull [flags] REF [DIR]"), kRegistry, false, 28),
      "Error: there is no such\n  thing as that\nUsage: plumb pull [flags]\n       REF [DIR]\n");
}

TEST(RenderError, AMendThatIsWrappedIsStillACommand) {
  const absl::Status status = WithMend(NotFound("gone"), "plumb publish acme/tiny@NEW ./tiny    (never reused)");
  EXPECT_EQ(RenderError(status, kRegistry, false, 40),
            "Error: gone\nTry: plumb publish acme/tiny@NEW ./tiny\n  (never reused)\n");
}

TEST(RenderError, PaintsOnlyWhenAsked) {
  EXPECT_EQ(RenderError(Internal("x"), kRegistry, false).find('\x1b'), std::string::npos);
  EXPECT_NE(RenderError(Internal("x"), kRegistry, true).find('\x1b'), std::string::npos);
}

TEST(MendOf, NotSignedInIsLogin) {
  EXPECT_EQ(MendOf(absl::UnauthenticatedError("x"), kRegistry), "plumb login 127.0.0.1:7070");
}

TEST(MendOf, MissingScopeIsAnotherToken) {
  EXPECT_TRUE(MendOf(absl::PermissionDeniedError("x"), kRegistry).starts_with("plumb login 127.0.0.1:7070"));
}

TEST(MendOf, AnUnreachableServerIsStartedOrNamed) {
  std::string mend = MendOf(Unavailable("x"), kRegistry);
  EXPECT_NE(mend.find("plumbd --data"), std::string::npos);
  EXPECT_NE(mend.find("--registry"), std::string::npos);
}

TEST(MendOf, AnotherMachinesServerCannotBeStartedHere) {
  EXPECT_EQ(MendOf(Unavailable("x"), "models.example.org:7070").find("plumbd"), std::string::npos);
}

TEST(MendOf, AFullDiskIsNotTheServersFault) {
  absl::Status status = WithErrorClass(absl::ResourceExhaustedError("x"), ErrorClass::kLocalStorage);
  EXPECT_NE(MendOf(status, kRegistry).find("space"), std::string::npos);
}

TEST(MendOf, WithoutARegistryThereIsNoneToSignInTo) { EXPECT_EQ(MendOf(absl::UnauthenticatedError("x"), ""), ""); }

TEST(WithMend, KeepsTheFirst) {
  absl::Status status = WithMend(WithMend(Internal("x"), "plumb list"), "plumb show");
  EXPECT_EQ(MendOf(status, ""), "plumb list");
}

TEST(WithMend, LeavesSuccessAlone) { EXPECT_TRUE(WithMend(absl::OkStatus(), "plumb list").ok()); }

TEST(WithMend, KeepsCodeAndClass) {
  absl::Status status = WithMend(WithErrorClass(DataLoss("x"), ErrorClass::kVerification), "plumb pull");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kVerification);
}

TEST(ErrorJson, HasTheThreeKeys) {
  Json json = ErrorJson(WithMend(NotFound("gone"), "plumb list a/b"), kRegistry);
  EXPECT_EQ(DumpJson(json, false),
            R"({"error":"gone","code":3,"detail":{"status":"NOT_FOUND","mend":"plumb list a/b"}})");
}

TEST(ErrorJson, OfAWrongCallHasTheUsage) {
  EXPECT_EQ(ErrorJson(UsageError("x", "plumb pull REF"), "")["detail"]["usage"], "plumb pull REF");
}

TEST(DumpJson, IsAsciiEvenForBytesThatAreNotText) {
  std::string text = DumpJson({{"a", "\x1b\xff模"}}, false);
  for (char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << text;
}

}  // namespace
}  // namespace plumb::cli
