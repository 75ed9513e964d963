// The pieces of the check: statistics of siblings, layers and their digests, goldens of version 2, gates and bisection.
#include <gmock/gmock.h>

#include "tests/unit/inference/trained_models.h"
#include "verify/inference/check/layer_trace.h"
#include "verify/inference/check/weight_survey.h"
#include "verify/inference/loaded_model.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(WeightSurveyTest, StatisticsAreThoseOfTheElements) {
  const WeightStatistics found = StatisticsOfWeights(std::vector<float>{1, -3, 0, 2});
  EXPECT_DOUBLE_EQ(found.mean, 0);
  EXPECT_DOUBLE_EQ(found.deviation, std::sqrt(3.5));
  EXPECT_EQ(found.absmax, 3);
  EXPECT_EQ(found.zeros, 0.25);
}

std::map<std::string, WeightStatistics> Siblings(WeightStatistics odd) {
  std::map<std::string, WeightStatistics> found;
  for (int i = 0; i < 8; ++i) found["h." + std::to_string(i) + ".w"] = {0, 1 + 0.1 * i, 4 + 0.2 * i, 0};
  found["h.3.w"] = odd;
  return found;
}

TEST(WeightSurveyTest, SiblingsThatAreAlikeRaiseNoWarning) {
  EXPECT_THAT(SiblingWarnings(Siblings({0, 1.3, 4.5, 0})), IsEmpty());
}

TEST(WeightSurveyTest, ASiblingUnlikeTheOthersIsNamed) {
  EXPECT_THAT(SiblingWarnings(Siblings({0, 40, 4.5, 0})),
              ElementsAre(HasSubstr("\"h.3.w\": standard deviation is 40")));
  EXPECT_THAT(SiblingWarnings(Siblings({0, 1.3, 900, 0})), ElementsAre(HasSubstr("largest element is 900")));
  EXPECT_THAT(SiblingWarnings(Siblings({0, 1.3, 4.5, 0.1})), ElementsAre(HasSubstr("10 % of the elements are 0")));
}

TEST(LayerTraceTest, ALayerIsTheNameUpToItsFirstNumber) {
  EXPECT_EQ(LayerOf("h.3.mlp.act"), "h.3");
  EXPECT_EQ(LayerOf("model.layers.11.mlp.experts.2.w"), "model.layers.11");
  EXPECT_EQ(LayerOf("ln_1.weight"), "");
}

TEST(LayerTraceTest, LayersAndTheHiddenStateOfATrainedModelAreFound) {
  std::unique_ptr<Model> model = *ParseModelConfig(TrainedModel::Gpt2().config.dump());
  const Graph graph = *model->BuildGraph(1, 4);
  const std::vector<LayerNode> layers = LayersOf(graph);
  ASSERT_EQ(layers.size(), 4);
  EXPECT_EQ(layers[2].layer, "h.2");
  EXPECT_EQ(layers[2].node, "h.2.mlp.residual");
  EXPECT_EQ(HiddenNodeOf(graph), "ln_f");
}

TEST(LayerTraceTest, DigestsTellLayersApart) {
  std::vector<float> values(1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17) - 8;
  const LayerDigest a = DigestLayer("h.0", values);
  EXPECT_EQ(LayerDifference(a, a), 0);
  values[3] += 100;  // Not one of the values kept; the norm shows it.
  EXPECT_GT(LayerDifference(a, DigestLayer("h.0", values)), 1e-6);
  EXPECT_EQ(LayerDifference(a, DigestLayer("h.0", {})), 1);
}

TEST(LayerTraceTest, TheLargestElementsOfEachBlockOfRowsAreKept) {
  std::vector<float> values(40 * 8, 0.5f);
  values[9] = -7;
  values[35 * 8] = 3;
  const HiddenDigest digest = DigestHidden(values, 40, 8);
  EXPECT_EQ(digest.kept, 128);
  EXPECT_EQ(digest.places[0], 9);
  EXPECT_EQ(digest.values[0], -7);
  EXPECT_EQ(HiddenDifference(digest, values), 0);
  values[9] = 7;
  EXPECT_GT(HiddenDifference(digest, values), 0.1);
  EXPECT_EQ(HiddenDifference(digest, std::span<const float>(values).subspan(0, 5)), INFINITY);
}

// A trained model with a golden of version 2 beside it.
class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    model_.Write(folder_);
    absl::StatusOr<std::string> golden = ComputeGolden(folder_.Open(), "config.json", "model.safetensors", {}, {});
    EXPECT_TRUE(golden.ok()) << golden.status();
    folder_.Write("golden.safetensors", *golden);
  }
  SmokeReport Check(const SmokeOptions& options = {}) {
    absl::StatusOr<SmokeReport> report =
        RunSmokeCheck(folder_.Open(), {{"m", "config.json", "model.safetensors", "golden.safetensors"}}, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : SmokeReport{};
  }

  TrainedModel model_ = TrainedModel::Gpt2();
  TempFolder folder_;
};

TEST_F(CheckTest, PassesEveryGateInOrder) {
  const SmokeReport report = Check();
  EXPECT_EQ(report.verdict, Verdict::kPass);
  for (const BackendResult& backend : report.backends) {
    if (backend.verdict == Verdict::kNotAvailable) continue;
    std::vector<std::string> names;
    for (const Gate& gate : backend.cases.at(0).gates) {
      names.push_back(gate.name);
      EXPECT_NE(gate.verdict, Verdict::kFail) << gate.name << ": " << gate.detail;
      for (const Measure& measure : gate.measures) EXPECT_TRUE(measure.holds()) << measure.name;
    }
    EXPECT_THAT(names,
                ElementsAre(kStructureGate, kSelfTestGate, kConfigGate, kCrossBackendGate, kGoldenGate, kCoverageGate));
  }
}

TEST_F(CheckTest, AGoldenHoldsWhatWasRecorded) {
  absl::StatusOr<std::unique_ptr<LoadedModel>> loaded =
      LoadedModel::Open(folder_.Open(), "config.json", "model.safetensors");
  absl::StatusOr<Golden> golden = LoadGolden(folder_.Open(), "golden.safetensors", (*loaded)->model());
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(golden->tokens.positions, 128);
  ASSERT_TRUE(golden->summary.has_value());
  EXPECT_EQ(golden->summary->kept, 32);
  EXPECT_EQ(golden->summary->ids.size(), 128 * 32);
  EXPECT_EQ(golden->layers.size(), 4);
  EXPECT_EQ(golden->hidden->places.size(), 4 * 128);
  EXPECT_THAT(golden->config_hash, HasSubstr("plumb-graph-1:sha256:"));
}

TEST_F(CheckTest, AFaultIsTracedToItsLayer) {
  model_.At("transformer.h.2.mlp.c_fc.bias").values[5] += 1;
  model_.Write(folder_);
  const SmokeReport report = Check();
  EXPECT_EQ(report.verdict, Verdict::kFail);
  for (const BackendResult& backend : report.backends) {
    if (backend.verdict == Verdict::kNotAvailable) continue;
    EXPECT_THAT(backend.detail, HasSubstr("the first layer that departs from what was recorded is \"h.2\""));
  }
  EXPECT_THAT(report.backends.at(1).detail, HasSubstr("reference gives the same"));
}

TEST_F(CheckTest, AConfigThatNumbersCannotTellFailsByItsHash) {
  model_.config["layer_norm_epsilon"] = 1.00001e-5;
  model_.Write(folder_);
  const SmokeReport report = Check({.backends = {"reference"}});
  EXPECT_EQ(report.verdict, Verdict::kFail);
  EXPECT_THAT(report.backends[0].detail, HasSubstr("the config's hash is"));
}

TEST_F(CheckTest, PositionsAreChosen) {
  EXPECT_EQ(Check({.positions = 32}).verdict, Verdict::kPass);
  absl::StatusOr<SmokeReport> report =
      RunSmokeCheck(folder_.Open(), {{"m", "config.json", "model.safetensors", ""}}, {.positions = 129});
  EXPECT_EQ(ErrorClassOf(report.status()), ErrorClass::kUsage);
}

TEST_F(CheckTest, APromptNeedsATokenizer) {
  absl::StatusOr<SmokeReport> report =
      RunSmokeCheck(folder_.Open(), {{"m", "config.json", "model.safetensors", ""}}, {.prompt = "To be"});
  EXPECT_EQ(ErrorClassOf(report.status()), ErrorClass::kUsage);
}

}  // namespace
}  // namespace plumb
