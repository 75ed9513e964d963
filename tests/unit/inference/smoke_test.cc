#include "plumb/inference/smoke.h"

#include <gmock/gmock.h>

#include <limits>

#include "nlohmann/json.hpp"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Directory Family() { return *Directory::Open(DataPath("tiny-shakespeare")); }

SmokeCase Step3000(const std::string& weights, const std::string& golden) {
  return {"step-3000/model", "step-3000/config.json", "step-3000/" + weights,
          golden.empty() ? "" : "step-3000/" + golden};
}

SmokeReport Check(const Directory& folder, const std::vector<SmokeCase>& cases, const SmokeOptions& options = {}) {
  absl::StatusOr<SmokeReport> report = RunSmokeCheck(folder, cases, options);
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : SmokeReport{};
}

// step-3000's bfloat16 weights with a golden made by `reference`.
class Bf16Folder : public TempFolder {
 public:
  Bf16Folder() {
    const std::string origin = "tiny-shakespeare/step-3000/";
    Write("config.json", ReadData(origin + "config.json"));
    Write("model-bf16.safetensors", ReadData(origin + "model-bf16.safetensors"));
    absl::StatusOr<std::string> golden =
        ComputeGolden(Open(), "config.json", "model-bf16.safetensors", std::nullopt, {});
    EXPECT_TRUE(golden.ok()) << golden.status();
    if (golden.ok()) Write("model-bf16.golden.safetensors", *golden);
  }
};

TEST(SmokeTest, EveryBackendAgreesWithPyTorch) {
  const SmokeReport report = Check(Family(), {Step3000("model.safetensors", "golden.safetensors")});
  EXPECT_EQ(report.verdict, Verdict::kPass);
  ASSERT_EQ(report.backends.size(), BackendsByDefault().size());
  for (const BackendResult& backend : ThatRan(report)) {
    EXPECT_EQ(backend.verdict, Verdict::kPass) << backend.detail;
    EXPECT_LE(backend.nmse, 1e-11) << backend.name;  // Found: 2e-13. The limit proper is 1e-9.
    EXPECT_LE(backend.max_kl, 1e-9) << backend.name;
    EXPECT_EQ(backend.top1_agreement, 1) << backend.name;
    EXPECT_GE(backend.coverage, 0.99) << backend.name;
    EXPECT_GT(backend.seconds, 0) << backend.name;
    EXPECT_GT(backend.peak_bytes, 100'000) << backend.name;
    EXPECT_EQ(backend.detail, "");
    ASSERT_EQ(backend.cases.size(), 1);
    EXPECT_EQ(backend.cases[0].name, "step-3000/model");
    std::printf("%s: NMSE %.2e, largest KL %.2e\n", backend.name.c_str(), backend.nmse, backend.max_kl);
  }
}

TEST(SmokeTest, RoundedWeightsAgreeWithReferenceOnTheSameRoundedWeights) {
  Bf16Folder folder;
  const SmokeReport report =
      Check(folder.Open(), {{"bf16", "config.json", "model-bf16.safetensors", "model-bf16.golden.safetensors"}});
  EXPECT_EQ(report.verdict, Verdict::kPass);
  EXPECT_EQ(report.backends[0].nmse, 0);  // `reference` against itself.
  EXPECT_LE(report.backends[1].nmse, 1e-11);
}

TEST(SmokeTest, AGoldenOfOtherWeightsFails) {
  const SmokeReport report = Check(Family(), {Step3000("model-bf16.safetensors", "golden.safetensors")});
  EXPECT_EQ(report.verdict, Verdict::kFail);
}

TEST(SmokeTest, TheEarlierCheckpointIsNotTheLater) {
  const SmokeReport report = Check(
      Family(), {{"early", "step-2000/config.json", "step-2000/model.safetensors", "step-3000/golden.safetensors"}});
  for (const BackendResult& backend : ThatRan(report)) EXPECT_THAT(backend.detail, HasSubstr("case \"early\""));
  EXPECT_EQ(report.verdict, Verdict::kFail);
}

TEST(SmokeTest, WithoutAGoldenTheVerdictIsInconclusiveAtBest) {
  const SmokeReport report = Check(Family(), {Step3000("model.safetensors", "")});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  for (const BackendResult& backend : ThatRan(report)) {
    EXPECT_EQ(backend.verdict, Verdict::kInconclusive);
    EXPECT_THAT(backend.detail, HasSubstr("nothing is recorded"));
  }
}

TEST(SmokeTest, WithoutAGoldenOnednnAloneIsStillComparedWithReference) {
  const SmokeReport report = Check(Family(), {Step3000("model.safetensors", "")}, {.backends = {"onednn"}});
  ASSERT_EQ(report.backends.size(), 1);
  EXPECT_THAT(report.backends[0].detail, HasSubstr("agrees with reference"));
  EXPECT_GT(report.backends[0].nmse, 0);
}

TEST(SmokeTest, BackendsAreChosenByName) {
  const SmokeReport report = Check(Family(), {Step3000("model.safetensors", "golden.safetensors")},
                                   {.backends = {"onednn", "reference", "onednn"}});
  ASSERT_EQ(report.backends.size(), 2);
  EXPECT_EQ(report.backends[0].name, "reference");
  EXPECT_EQ(report.backends[1].name, "onednn");
}

TEST(SmokeTest, AnUnknownBackendIsAUsageError) {
  absl::StatusOr<SmokeReport> report =
      RunSmokeCheck(Family(), {Step3000("model.safetensors", "")}, {.backends = {"abacus"}});
  EXPECT_EQ(ErrorClassOf(report.status()), ErrorClass::kUsage);
}

TEST(SmokeTest, NoCaseIsAUsageError) {
  EXPECT_EQ(ErrorClassOf(RunSmokeCheck(Family(), {}, {}).status()), ErrorClass::kUsage);
}

TEST(SmokeTest, OneFailedCaseFailsTheBackendAndOnlyItIsNamed) {
  SmokeCase good = Step3000("model.safetensors", "golden.safetensors");
  SmokeCase bad = {"step-0/model", "step-0/config.json", "step-0/model.safetensors", "step-3000/golden.safetensors"};
  const SmokeReport report = Check(Family(), {good, bad}, {.backends = {"reference"}});
  EXPECT_EQ(report.verdict, Verdict::kFail);
  EXPECT_THAT(report.backends[0].detail, AllOf(HasSubstr("step-0/model"), testing::Not(HasSubstr("step-3000/model"))));
  EXPECT_EQ(report.backends[0].cases[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.backends[0].cases[1].verdict, Verdict::kFail);
}

TEST(SmokeTest, ProgressNamesCaseAndBackend) {
  std::vector<std::string> calls;
  Check(Family(), {Step3000("model.safetensors", "golden.safetensors")},
        {.progress = [&](auto c, auto b) { calls.push_back(std::string(c) + " " + std::string(b)); }});
  std::vector<std::string> expected;
  for (const Backend* backend : BackendsByDefault()) {
    if (backend->Available().ok()) expected.push_back("step-3000/model " + std::string(backend->name()));
  }
  EXPECT_EQ(calls, expected);
}

TEST(SmokeTest, CancellationIsAnError) {
  const std::atomic<bool> cancelled = true;
  absl::StatusOr<SmokeReport> report =
      RunSmokeCheck(Family(), {Step3000("model.safetensors", "golden.safetensors")}, {.cancelled = &cancelled});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kCancelled);
}

TEST(SmokeTest, ARunThatNeedsTooMuchMemoryIsNotMade) {
  const SmokeCase wanted = Step3000("model.safetensors", "golden.safetensors");
  const uint64_t used = Check(Family(), {wanted}, {.backends = {"reference"}}).backends[0].peak_bytes;
  const SmokeReport report = Check(Family(), {wanted}, {.backends = {"reference"}, .memory_bytes_max = used - 1});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_THAT(report.backends[0].detail, HasSubstr("bytes of memory"));
}

TEST(SmokeTest, AnUnknownArchitectureIsInconclusive) {
  TempFolder folder;
  folder.Write("config.json", R"({"model_type": "mamba"})");
  folder.Write("model.safetensors", ReadData("tiny-shakespeare/step-3000/model.safetensors"));
  const SmokeReport report = Check(folder.Open(), {{"m", "config.json", "model.safetensors", ""}});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_THAT(report.backends[0].detail, HasSubstr("mamba"));
}

// FAIL is for models that were run. These were not.
TEST(SmokeTest, AMissingOrBrokenFileIsNoFailure) {
  TempFolder folder;
  folder.Write("config.json", ReadData("tiny-shakespeare/step-3000/config.json"));
  folder.Write("model.safetensors", "not a container at all");
  folder.Write("broken.json", "{");
  const SmokeCase cases[] = {{"no-weights", "config.json", "absent.safetensors", ""},
                             {"no-config", "absent.json", "model.safetensors", ""},
                             {"bad-weights", "config.json", "model.safetensors", ""},
                             {"bad-config", "broken.json", "model.safetensors", ""}};
  for (const SmokeCase& wanted : cases) {
    const SmokeReport report = Check(folder.Open(), {wanted});
    EXPECT_EQ(report.verdict, Verdict::kInconclusive) << wanted.name;
    for (const BackendResult& backend : ThatRan(report)) {
      EXPECT_THAT(backend.detail, HasSubstr(wanted.name));
      const absl::Status& obstacle = backend.cases[0].obstacle;
      const bool missing = wanted.name.starts_with("no-");
      EXPECT_EQ(absl::IsNotFound(obstacle), missing) << obstacle;
      EXPECT_EQ(ErrorClassOf(obstacle) == ErrorClass::kPolicy, !missing) << obstacle;
    }
  }
}

TEST(SmokeTest, ACaseOfWhichAFileWasLeftOutIsNotRun) {
  SmokeCase wanted = Step3000("model.safetensors", "golden.safetensors");
  wanted.left_out = "step-3000/golden.safetensors";
  const SmokeReport report = Check(Family(), {wanted}, {.backends = {"reference"}});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_TRUE(absl::IsFailedPrecondition(report.backends[0].cases[0].obstacle));
  EXPECT_THAT(report.backends[0].detail, AllOf(HasSubstr("golden.safetensors"), HasSubstr("plumb pull")));
}

TEST(SmokeTest, TruncatedWeightsAreNotChecked) {
  std::string weights = ReadData("tiny-shakespeare/step-3000/model.safetensors");
  TempFolder folder;
  folder.Write("config.json", ReadData("tiny-shakespeare/step-3000/config.json"));
  folder.Write("model.safetensors", weights.substr(0, weights.size() - 1));
  const SmokeReport report = Check(folder.Open(), {{"cut", "config.json", "model.safetensors", ""}});
  EXPECT_EQ(report.verdict, Verdict::kInconclusive);
  EXPECT_EQ(ErrorClassOf(report.backends[0].cases[0].obstacle), ErrorClass::kPolicy);
}

// What was recorded were numbers: weights that are none compute something else.
TEST(SmokeTest, WeightsThatAreNoNumbersFailWhereSomethingIsRecorded) {
  const std::string origin = "tiny-shakespeare/step-3000/";
  TensorMap weights = TensorMap::Load(DataPath(origin), "model.safetensors");
  weights.tensors.at("transformer.h.1.mlp.c_fc.weight").values[7] = std::numeric_limits<float>::quiet_NaN();
  TempFolder folder;
  folder.Write("config.json", ReadData(origin + "config.json"));
  folder.Write("golden.safetensors", ReadData(origin + "golden.safetensors"));
  folder.Write("model.safetensors", weights.Serialize());
  for (const char* golden : {"golden.safetensors", ""}) {
    const SmokeReport report = Check(folder.Open(), {{"nan", "config.json", "model.safetensors", golden}});
    const CaseResult& result = report.backends[0].cases[0];
    EXPECT_THAT(result.detail, AllOf(HasSubstr("h.1.mlp.c_fc.weight"), HasSubstr("nan")));
    EXPECT_EQ(report.verdict, *golden != 0 ? Verdict::kFail : Verdict::kInconclusive);
    EXPECT_EQ(result.obstacle.ok(), *golden != 0) << result.obstacle;
  }
}

TEST(SmokeTest, ShardedWeightsGiveTheSame) {
  const std::string origin = "tiny-shakespeare/step-3000/";
  TensorMap all = TensorMap::Load(DataPath(origin), "model.safetensors");
  TensorMap parts[2];
  nlohmann::json index = {{"metadata", {{"total_size", 1}}}, {"weight_map", nlohmann::json::object()}};
  const char* names[] = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
  size_t i = 0;
  for (const auto& [name, tensor] : all.tensors) {
    parts[i % 2].tensors[name] = tensor;
    index["weight_map"][name] = names[i++ % 2];
  }
  TempFolder folder;
  for (int part : {0, 1}) folder.Write(names[part], parts[part].Serialize());
  folder.Write("model.safetensors.index.json", index.dump());
  folder.Write("config.json", ReadData(origin + "config.json"));
  folder.Write("golden.safetensors", ReadData(origin + "golden.safetensors"));
  const std::vector<SmokeCase> cases =
      DiscoverSmokeCases({"config.json", "golden.safetensors", "model.safetensors.index.json", names[0], names[1]});
  ASSERT_EQ(cases.size(), 1);
  EXPECT_EQ(Check(folder.Open(), cases).verdict, Verdict::kPass);
}

TEST(SmokeTest, AnEqualCopyOfTheEmbeddingIsAllowed) {
  const std::string origin = "tiny-shakespeare/step-3000/";
  TensorMap weights = TensorMap::Load(DataPath(origin), "model.safetensors");
  weights.tensors["lm_head.weight"] = weights.tensors.at("transformer.wte.weight");
  TempFolder folder;
  folder.Write("config.json", ReadData(origin + "config.json"));
  folder.Write("golden.safetensors", ReadData(origin + "golden.safetensors"));
  folder.Write("model.safetensors", weights.Serialize());
  EXPECT_EQ(Check(folder.Open(), {{"c", "config.json", "model.safetensors", "golden.safetensors"}}).verdict,
            Verdict::kPass);
}

TEST(SmokeTest, VerdictNames) {
  EXPECT_EQ(VerdictName(Verdict::kPass), "pass");
  EXPECT_EQ(VerdictName(Verdict::kFail), "fail");
  EXPECT_EQ(VerdictName(Verdict::kInconclusive), "inconclusive");
  EXPECT_EQ(VerdictName(Verdict::kNotAvailable), "not available");
}

}  // namespace
}  // namespace plumb
