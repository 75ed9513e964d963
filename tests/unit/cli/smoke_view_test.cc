#include "client/cli/smoke_view.h"

#include <cerrno>
#include <sstream>
#include <string>

#include "client/cli/exit_code.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

SmokeReport Report(Verdict verdict) {
  CaseResult result{.name = "step-3000/model",
                    .verdict = verdict,
                    .nmse = 3e-13,
                    .max_kl = 2e-8,
                    .coverage = 1,
                    .seconds = 0.25,
                    .peak_bytes = 1 << 20};
  result.gates.push_back({.name = "golden",
                          .verdict = verdict,
                          .measures = {{"nmse", 3e-13, 1e-9}, {"coverage", 1, 0.5, true}},
                          .warnings = {"odd"}});
  if (verdict != Verdict::kPass) result.detail = "NMSE 0.3, at most 1e-9";
  BackendResult backend{.name = "reference",
                        .verdict = verdict,
                        .nmse = 3e-13,
                        .max_kl = 2e-8,
                        .coverage = 1,
                        .seconds = 0.25,
                        .peak_bytes = 1 << 20,
                        .cases = {result}};
  BackendResult absent{.name = "opencl", .verdict = Verdict::kNotAvailable, .detail = "no device"};
  return {.verdict = verdict, .backends = {backend, absent}};
}

class SmokeViewTest : public testing::Test {
 protected:
  SmokeViewTest() {
    environment_.out = &out_;
    environment_.err = &err_;
  }
  std::ostringstream out_;
  std::ostringstream err_;
  Environment environment_;
};

TEST_F(SmokeViewTest, JsonHasTheFixedKeys) {
  Json json = SmokeJson(Report(Verdict::kPass));
  EXPECT_EQ(json["verdict"], "pass");
  for (const char* key : {"name", "verdict", "nmse", "max_kl", "top1_agreement", "coverage", "seconds", "peak_bytes"}) {
    EXPECT_TRUE(json["backends"][0].contains(key)) << key;
  }
}

TEST_F(SmokeViewTest, JsonHasEveryGateWithItsNumbers) {
  Json json = SmokeJson(Report(Verdict::kPass));
  for (const Json& gates : {json["backends"][0]["gates"], json["backends"][0]["cases"][0]["gates"]}) {
    ASSERT_EQ(gates.size(), 1u);
    EXPECT_EQ(gates[0]["name"], "golden");
    EXPECT_EQ(gates[0]["measures"][0]["at_most"], 1e-9);
    EXPECT_EQ(gates[0]["measures"][1]["at_least"], 0.5);
    EXPECT_EQ(gates[0]["measures"][1]["holds"], true);
  }
}

TEST_F(SmokeViewTest, ExplainPrintsNumbersLimitsAndWarnings) {
  Output output(environment_, false, false, true);
  PrintSmoke(output, Report(Verdict::kPass), true);
  EXPECT_NE(out_.str().find("nmse 3e-13 (at most 1e-09)"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("warning: odd"), std::string::npos) << out_.str();
}

TEST_F(SmokeViewTest, ReadJsonIsWhatWasWritten) {
  SmokeReport report = Report(Verdict::kFail);
  report.backends[0].cases[0].max_kl = std::numeric_limits<double>::infinity();
  report.backends[0].planned_peak_bytes = 2 << 20;
  const std::string text = DumpJson(SmokeJson(report), false);
  absl::StatusOr<SmokeReport> read = ParseSmokeJson(text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(DumpJson(SmokeJson(*read), false), text);
  EXPECT_EQ(read->backends[1].verdict, Verdict::kNotAvailable);
  for (const char* broken : {"", "{", "[]", "null", R"({"verdict":1})", R"({"verdict":"pass","backends":[{}]})"}) {
    EXPECT_FALSE(ParseSmokeJson(broken).ok()) << broken;
  }
}

TEST_F(SmokeViewTest, ABackendThatFailedWithoutACaseIsNamed) {
  Output output(environment_, false, false, true);
  SmokeReport report = {.verdict = Verdict::kFail, .backends = {}};
  report.backends.push_back({.name = "onednn:avx2", .verdict = Verdict::kFail, .detail = "ended by signal SEGV"});
  PrintSmoke(output, report, false);
  EXPECT_NE(out_.str().find("ended by signal SEGV"), std::string::npos) << out_.str();
  EXPECT_NE(SmokeOutcome(output, report, "x").message().find("onednn:avx2"), std::string::npos);
}

TEST_F(SmokeViewTest, ABackendThatEndedWithoutAResultIsAWarning) {
  Output output(environment_, false, false, true);
  SmokeReport report = {.verdict = Verdict::kInconclusive, .backends = {}};
  report.backends.push_back({.name = "onednn:avx2", .verdict = Verdict::kInconclusive, .detail = "signal SEGV"});
  EXPECT_TRUE(SmokeOutcome(output, report, "x").ok());
  EXPECT_NE(err_.str().find("Warning: x: onednn:avx2 gave no result: signal SEGV"), std::string::npos) << err_.str();
}

TEST_F(SmokeViewTest, NumbersThatJsonLacksAreNull) {
  SmokeReport report = Report(Verdict::kFail);
  report.backends[0].nmse = std::numeric_limits<double>::infinity();
  EXPECT_NE(DumpJson(SmokeJson(report), false).find("\"nmse\":null"), std::string::npos);
}

TEST_F(SmokeViewTest, TableHasALineForEachBackend) {
  Output output(environment_, false, false, true);
  PrintSmoke(output, Report(Verdict::kPass), false);
  EXPECT_NE(out_.str().find("reference  pass"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("opencl     not available"), std::string::npos) << out_.str();
}

TEST_F(SmokeViewTest, NamesTheFailedCaseWithItsReason) {
  Output output(environment_, false, false, true);
  PrintSmoke(output, Report(Verdict::kFail), false);
  EXPECT_NE(out_.str().find("step-3000/model  NMSE 0.3, at most 1e-9"), std::string::npos) << out_.str();
}

TEST_F(SmokeViewTest, FailureIsExitCodeSevenAndNamesTheCase) {
  Output output(environment_, false, false, true);
  absl::Status status = SmokeOutcome(output, Report(Verdict::kFail), "acme/tiny@v1");
  EXPECT_EQ(ExitCodeFor(status), kSmokeFailed);
  EXPECT_NE(Message(status).find("step-3000/model on reference"), std::string::npos) << status;
}

TEST_F(SmokeViewTest, InconclusiveIsAWarning) {
  Output output(environment_, false, false, true);
  EXPECT_TRUE(SmokeOutcome(output, Report(Verdict::kInconclusive), "acme/tiny@v1").ok());
  EXPECT_TRUE(err_.str().starts_with("Warning: acme/tiny@v1")) << err_.str();
}

// A report of a case that could not be checked, on two backends.
SmokeReport Unchecked(const absl::Status& obstacle) {
  CaseResult result{.name = "model", .verdict = Verdict::kInconclusive, .detail = std::string(Message(obstacle))};
  result.obstacle = obstacle;
  SmokeReport report = {.verdict = Verdict::kInconclusive, .backends = {}};
  for (const char* name : {"reference", "onednn"}) {
    report.backends.push_back({.name = name, .verdict = Verdict::kInconclusive, .cases = {result}});
  }
  return report;
}

TEST_F(SmokeViewTest, WhatIsNotUnderstoodIsAWarningThatSaysWhyOnce) {
  Output output(environment_, false, false, true);
  for (const absl::Status& obstacle :
       {absl::UnimplementedError("why not"), FailedPrecondition("why not"), absl::ResourceExhaustedError("why not"),
        Unavailable("why not"), Internal("why not")}) {
    err_.str("");
    out_.str("");
    EXPECT_TRUE(SmokeOutcome(output, Unchecked(obstacle), "x").ok()) << obstacle;
    EXPECT_EQ(err_.str(), "Warning: x: model was not checked: why not\n");
    PrintSmoke(output, Unchecked(obstacle), false);
    EXPECT_EQ(out_.str().find("why not"), out_.str().rfind("why not")) << out_.str();
    EXPECT_NE(out_.str().find("reference, onednn"), std::string::npos) << out_.str();
  }
}

TEST_F(SmokeViewTest, FilesThatAreMissingOrBrokenHaveTheirExitCodes) {
  Output output(environment_, false, false, true);
  const std::pair<absl::Status, int> faults[] = {
      {NotFound("a.safetensors"), kNotFound},
      {WithErrorClass(InvalidArgument("broken"), ErrorClass::kPolicy), kRefused},
      {DataLoss("cut"), kRefused},
      {OutOfRange("cut"), kRefused},
      {ErrnoStatus(EIO, "read a"), kStorageFailed},
      {ErrnoStatus(EACCES, "open a"), kStorageFailed},
  };
  for (const auto& [fault, code] : faults) {
    const absl::Status outcome = SmokeOutcome(output, Unchecked(fault), "x");
    EXPECT_EQ(ExitCodeFor(outcome), code) << fault;
    EXPECT_NE(Message(outcome).find("x: model could not be checked: "), std::string::npos) << outcome;
  }
  EXPECT_EQ(err_.str(), "");
}

TEST_F(SmokeViewTest, PassSaysNothingMore) {
  Output output(environment_, false, false, true);
  EXPECT_TRUE(SmokeOutcome(output, Report(Verdict::kPass), "acme/tiny@v1").ok());
  EXPECT_EQ(err_.str(), "");
}

}  // namespace
}  // namespace plumb::cli
