#include "plumb/document/merge.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MergeTest, ModelsAreNamedAtAnyDepthAndOnce) {
  const auto models = ReadMergedModels(
      "base_model: lab/base\nslices:\n- sources:\n  - model: lab/base\n    layer_range: [0, 8]\n"
      "  - {model: other/x, parameters: {weight: 0.5}}\nmodels:\n- model: third/y\ntokenizer_source: lab/base\n",
      "mergekit_config.yml");
  ASSERT_TRUE(models.ok()) << models.status();
  EXPECT_THAT(*models, ElementsAre("lab/base", "other/x", "third/y"));
}

TEST(MergeTest, OtherTextNamesNone) {
  EXPECT_THAT(*ReadMergedModels("dtype: bfloat16\n", "x"), IsEmpty());
  EXPECT_THAT(*ReadMergedModels("", "x"), IsEmpty());
  EXPECT_FALSE(ReadMergedModels("a: [", "x").ok());
}

}  // namespace
}  // namespace plumb
