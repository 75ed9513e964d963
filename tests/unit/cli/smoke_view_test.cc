#include "client/cli/smoke_view.h"

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

TEST_F(SmokeViewTest, NumbersThatJsonLacksAreNull) {
  SmokeReport report = Report(Verdict::kFail);
  report.backends[0].nmse = std::numeric_limits<double>::infinity();
  EXPECT_NE(DumpJson(SmokeJson(report), false).find("\"nmse\":null"), std::string::npos);
}

TEST_F(SmokeViewTest, TableHasALineForEachBackend) {
  Output output(environment_, false, false, true);
  PrintSmoke(output, Report(Verdict::kPass));
  EXPECT_NE(out_.str().find("reference  pass"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("opencl     not available"), std::string::npos) << out_.str();
}

TEST_F(SmokeViewTest, NamesTheFailedCaseWithItsReason) {
  Output output(environment_, false, false, true);
  PrintSmoke(output, Report(Verdict::kFail));
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

TEST_F(SmokeViewTest, PassSaysNothingMore) {
  Output output(environment_, false, false, true);
  EXPECT_TRUE(SmokeOutcome(output, Report(Verdict::kPass), "acme/tiny@v1").ok());
  EXPECT_EQ(err_.str(), "");
}

}  // namespace
}  // namespace plumb::cli
