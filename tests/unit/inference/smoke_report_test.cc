#include "verify/inference/smoke_report.h"

#include <gmock/gmock.h>

#include "plumb/base/status.h"

namespace plumb {
namespace {

class FakeBackend : public Backend {
 public:
  explicit FakeBackend(absl::Status available) : available_(std::move(available)) {}
  std::string_view name() const override { return "fake"; }
  std::string description() const override { return "a test"; }
  absl::Status Available() const override { return available_; }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph&, const PlanOptions&) const override {
    return Internal("never planned");
  }

 private:
  absl::Status available_;
};

BackendResult With(Verdict verdict) { return {.verdict = verdict}; }

TEST(SummarizeBackendTest, TakesTheWorstOfEachMeasureAndAddsSeconds) {
  CaseResult a = {"a", Verdict::kPass, Tier::kF32, 1e-12, 1e-9, 0, 1.0, 0.9, 2, 100};
  CaseResult b = {"b", Verdict::kPass, Tier::kF32, 1e-13, 1e-8, 0, 0.5, 1.0, 3, 50};
  const BackendResult result = SummarizeBackend(FakeBackend(absl::OkStatus()), {a, b});
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.nmse, 1e-12);
  EXPECT_EQ(result.max_kl, 1e-8);
  EXPECT_EQ(result.top1_agreement, 0.5);
  EXPECT_EQ(result.coverage, 0.9);
  EXPECT_EQ(result.seconds, 5);
  EXPECT_EQ(result.peak_bytes, 100);
  EXPECT_EQ(result.detail, "");
}

TEST(SummarizeBackendTest, NamesEachCaseThatDidNotPass) {
  CaseResult a = {.name = "a", .verdict = Verdict::kInconclusive, .detail = "why a"};
  CaseResult b = {.name = "b", .verdict = Verdict::kFail, .detail = "why b"};
  const BackendResult result = SummarizeBackend(FakeBackend(absl::OkStatus()), {a, b});
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_EQ(result.detail, "case \"a\": why a; case \"b\": why b");
}

TEST(SummarizeBackendTest, AnAbsentBackendSaysWhy) {
  const BackendResult result = SummarizeBackend(FakeBackend(Unavailable("no device")), {});
  EXPECT_EQ(result.verdict, Verdict::kNotAvailable);
  EXPECT_EQ(result.detail, "no device");
}

TEST(SummarizeVerdictTest, FailBeatsInconclusiveBeatsPass) {
  const BackendResult pass = With(Verdict::kPass);
  const BackendResult fail = With(Verdict::kFail);
  const BackendResult unsure = With(Verdict::kInconclusive);
  EXPECT_EQ(SummarizeVerdict({pass, pass}, false), Verdict::kPass);
  EXPECT_EQ(SummarizeVerdict({pass, unsure}, false), Verdict::kInconclusive);
  EXPECT_EQ(SummarizeVerdict({unsure, fail, pass}, false), Verdict::kFail);
}

TEST(SummarizeVerdictTest, AnAbsentBackendCountsOnlyWhenAskedFor) {
  const BackendResult pass = With(Verdict::kPass);
  const BackendResult absent = With(Verdict::kNotAvailable);
  EXPECT_EQ(SummarizeVerdict({pass, absent}, false), Verdict::kPass);
  EXPECT_EQ(SummarizeVerdict({pass, absent}, true), Verdict::kInconclusive);
  EXPECT_EQ(SummarizeVerdict({absent}, false), Verdict::kInconclusive);
  EXPECT_EQ(SummarizeVerdict({}, false), Verdict::kInconclusive);
}

}  // namespace
}  // namespace plumb
