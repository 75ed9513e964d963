// BERT, as transformers and sentence-transformers saved it, becomes a GGUF file whose encoder computes the same.
#include <gmock/gmock.h>

#include "tests/unit/gguf_export/export_test_util.h"
#include "tests/unit/inference/golden_folder.h"
#include "verify/inference/gguf_model.h"

namespace plumb {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr double kNmseMax = 1e-9;

// The exported model of a folder of tests/data/encoders, read back.
class ExportBertTest : public testing::Test {
 protected:
  std::unique_ptr<GgufModel> Exported(const std::string& name) {
    auto remarks = ExportFolder(DataPath("encoders/" + name + "/model.safetensors"), folder_.path() + "/model.gguf");
    EXPECT_TRUE(remarks.ok()) << remarks.status();
    if (!remarks.ok()) return nullptr;
    remarks_ = *remarks;
    auto source = OpenIn(folder_, "model.gguf");
    EXPECT_TRUE(source.ok()) << source.status();
    auto model = GgufModel::New(*std::move(source));
    EXPECT_TRUE(model.ok()) << model.status();
    return model.ok() ? *std::move(model) : nullptr;
  }

  TempFolder folder_;
  std::vector<std::string> remarks_;
};

TEST_F(ExportBertTest, TheEncoderComputesTheSame) {
  const auto model = Exported("bert-model");
  ASSERT_NE(model, nullptr);
  GoldenRun golden = *GoldenRun::Load(DataPath("encoders/bert-model/golden.safetensors"));
  auto errors = CompareWithGolden(model->model(), *model, golden, **FindBackend("reference"));
  ASSERT_TRUE(errors.ok()) << errors.status();
  EXPECT_LE(errors->at("last_hidden_state"), kNmseMax);
  EXPECT_THAT(remarks_, Contains(HasSubstr("GELU by tanh")));
}

TEST_F(ExportBertTest, HeadsAreLeftOutAndSaid) {
  ASSERT_NE(Exported("bert-old-names"), nullptr);
  EXPECT_THAT(remarks_, Contains(HasSubstr("the head is left out")));
}

TEST_F(ExportBertTest, OtherFunctionsAreNamed) {
  auto remarks = ExportFolder(DataPath("encoders/bert-mlm-untied/model.safetensors"), folder_.path() + "/model.gguf");
  ASSERT_FALSE(remarks.ok());
  EXPECT_THAT(std::string(remarks.status().message()), HasSubstr("function of its feed-forward"));
}

TEST_F(ExportBertTest, HeadsThatAreNoPartOfItAreNamed) {
  auto remarks = ExportFolder(DataPath("encoders/bert-sequence/model.safetensors"), folder_.path() + "/model.gguf");
  ASSERT_FALSE(remarks.ok());
  EXPECT_THAT(std::string(remarks.status().message()), HasSubstr("classifier"));
}

TEST_F(ExportBertTest, SentenceEncodersKeepTheirPooling) {
  const auto model = Exported("sentence-bert-mean");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->model().Outputs().front().name, "sentence_embedding");
  EXPECT_EQ((*OpenIn(folder_, "model.gguf"))->metadata().Unsigned("bert.pooling_type"), 1u);
  ASSERT_NE(Exported("sentence-bert-cls-dense"), nullptr);
  EXPECT_EQ((*OpenIn(folder_, "model.gguf"))->metadata().Unsigned("bert.pooling_type"), 2u);
}

}  // namespace
}  // namespace plumb
