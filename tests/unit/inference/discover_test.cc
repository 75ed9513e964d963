#include <gtest/gtest.h>

#include "plumb/inference/smoke.h"

namespace plumb {
namespace {

// `name: config weights golden` of each case.
std::vector<std::string> Discover(const std::vector<std::string>& paths) {
  std::vector<std::string> lines;
  for (const SmokeCase& c : DiscoverSmokeCases(paths)) {
    lines.push_back(c.name + ": " + c.config_path + " " + c.weights_path + " " + c.golden_path);
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(DiscoverTest, OneFile) {
  EXPECT_EQ(Discover({"config.json", "model.safetensors"}), Lines({"model: config.json model.safetensors "}));
}

TEST(DiscoverTest, AGoldenBelongsToThePrimaryOnly) {
  EXPECT_EQ(Discover({"config.json", "golden.safetensors", "model.safetensors", "model-bf16.safetensors"}),
            Lines({"model: config.json model.safetensors golden.safetensors",
                   "model-bf16: config.json model-bf16.safetensors "}));
}

TEST(DiscoverTest, AVariantHasItsOwnGolden) {
  EXPECT_EQ(Discover({"config.json", "golden.safetensors", "model-bf16.safetensors", "model-bf16.golden.safetensors"}),
            Lines({"model-bf16: config.json model-bf16.safetensors model-bf16.golden.safetensors"}));
}

TEST(DiscoverTest, VariantsNamedWithADot) {
  EXPECT_EQ(Discover({"config.json", "model.fp16.safetensors"}),
            Lines({"model.fp16: config.json model.fp16.safetensors "}));
}

TEST(DiscoverTest, ShardsAreNotModelsTheirIndexIs) {
  EXPECT_EQ(Discover({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                      "model.safetensors.index.json", "golden.safetensors"}),
            Lines({"model: config.json model.safetensors.index.json golden.safetensors"}));
  EXPECT_EQ(Discover({"config.json", "model.fp16-00001-of-00002.safetensors", "model.fp16.safetensors.index.json"}),
            Lines({"model.fp16: config.json model.fp16.safetensors.index.json "}));
}

TEST(DiscoverTest, AFileGoesBeforeItsIndex) {
  EXPECT_EQ(Discover({"config.json", "model.safetensors", "model.safetensors.index.json"}),
            Lines({"model: config.json model.safetensors "}));
}

TEST(DiscoverTest, OtherTensorsAreNotModels) {
  EXPECT_EQ(Discover({"config.json", "optimizer.safetensors", "golden.safetensors", "models.safetensors",
                      "adapter_model.safetensors", "pytorch_model.bin", "model.bin", "tokenizer.json"}),
            Lines({}));
}

TEST(DiscoverTest, WithoutAConfigThereIsNoCase) {
  EXPECT_EQ(Discover({"model.safetensors", "sub/config.json"}), Lines({}));
}

TEST(DiscoverTest, EachFolderForItself) {
  EXPECT_EQ(Discover({"step-1/config.json", "step-1/model.safetensors", "step-2/config.json",
                      "step-2/model.safetensors", "step-2/golden.safetensors", "golden.safetensors"}),
            Lines({"step-1/model: step-1/config.json step-1/model.safetensors ",
                   "step-2/model: step-2/config.json step-2/model.safetensors step-2/golden.safetensors"}));
}

TEST(GoldenPathTest, StandsBesideTheWeights) {
  EXPECT_EQ(GoldenPathFor("model.safetensors"), "golden.safetensors");
  EXPECT_EQ(GoldenPathFor("a/model.safetensors.index.json"), "a/golden.safetensors");
  EXPECT_EQ(GoldenPathFor("a/b/model-bf16.safetensors"), "a/b/model-bf16.golden.safetensors");
}

}  // namespace
}  // namespace plumb
