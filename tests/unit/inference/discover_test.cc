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

TEST(DiscoverTest, FilesThatDescribeThemselves) {
  EXPECT_EQ(Discover({"a/tiny-q4_0.gguf", "a/tiny-q4_0.golden.safetensors", "onnx/model.onnx", "onnx/model_fp16.onnx"}),
            Lines({"a/tiny-q4_0.gguf: a/tiny-q4_0.gguf a/tiny-q4_0.gguf a/tiny-q4_0.golden.safetensors",
                   "onnx/model.onnx: onnx/model.onnx onnx/model.onnx ",
                   "onnx/model_fp16.onnx: onnx/model_fp16.onnx onnx/model_fp16.onnx "}));
}

TEST(DiscoverTest, OfSplitGgufFilesTheFirst) {
  EXPECT_EQ(Discover({"x-00001-of-00011.gguf", "x-00002-of-00011.gguf", "x-00011-of-00011.gguf",
                      "y-00000-of-00002.gguf", "x.golden.safetensors"}),
            Lines({"x.gguf: x-00001-of-00011.gguf x-00001-of-00011.gguf x.golden.safetensors"}));
}

TEST(DiscoverTest, WhatStandsBesideGgufModelsIsNone) {
  EXPECT_EQ(Discover({"mmproj-x-f16.gguf", "x.imatrix.gguf", ".gguf", ".onnx", "sub/.gguf"}), Lines({}));
}

TEST(DiscoverTest, TheSameModelInSeveralFormats) {
  EXPECT_EQ(
      Discover({"config.json", "golden.safetensors", "model.safetensors", "model.gguf", "model.golden.safetensors"}),
      Lines({"model: config.json model.safetensors golden.safetensors",
             "model.gguf: model.gguf model.gguf model.golden.safetensors"}));
  // Goldens of one name would be each other's.
  EXPECT_EQ(Discover({"m.gguf", "m.onnx", "m.golden.safetensors", "m.onnx.golden.safetensors"}),
            Lines({"m.gguf: m.gguf m.gguf ", "m.onnx: m.onnx m.onnx m.onnx.golden.safetensors"}));
  EXPECT_EQ(Discover({"config.json", "model-q.safetensors", "model-q.gguf", "model-q.golden.safetensors"}),
            Lines({"model-q: config.json model-q.safetensors model-q.golden.safetensors",
                   "model-q.gguf: model-q.gguf model-q.gguf "}));
}

TEST(DiscoverTest, OneFileOfAnyName) {
  auto none = [](const std::string&) { return false; };
  auto all = [](const std::string&) { return true; };
  absl::StatusOr<SmokeCase> found = SmokeCaseOf("weights.safetensors", all);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->name, "weights");
  EXPECT_EQ(found->config_path, "config.json");
  EXPECT_EQ(found->golden_path, "smoke/weights.golden");
  EXPECT_TRUE(absl::IsNotFound(SmokeCaseOf("weights.safetensors", none).status()));
  EXPECT_EQ(SmokeCaseOf("x.gguf", none)->golden_path, "");
  for (const char* name : {"x.bin", "", "gguf", ".onnx", "x-00002-of-00003.gguf", "model-00001-of-00002.safetensors"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(SmokeCaseOf(name, all).status())) << name;
  }
}

TEST(DiscoverTest, ShardsWithoutAnIndexAreOneModel) {
  EXPECT_EQ(Discover({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                      "smoke/model.golden"}),
            Lines({"model: config.json model-00001-of-00002.safetensors smoke/model.golden"}));
  // One that lacks its first is one all the same, to be complained of.
  EXPECT_EQ(Discover({"config.json", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors"}),
            Lines({"model: config.json model-00002-of-00003.safetensors "}));
  EXPECT_EQ(Discover({"config.json", "model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors"}),
            Lines({"model: config.json model-00000-of-00002.safetensors "}));
  EXPECT_EQ(Discover({"config.json", "model-00001-of-00001.safetensors", "model.safetensors"}),
            Lines({"model: config.json model.safetensors "}));
  auto only = [](const std::string& path) { return path == "config.json"; };
  EXPECT_EQ(SmokeCaseOf("model-00002-of-00002.safetensors", only)->name, "model");
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

TEST(DiscoverTest, TheGoldenInItsFolderComesFirst) {
  EXPECT_EQ(
      Discover({"config.json", "golden.safetensors", "model.safetensors", "smoke/model.golden", "x.gguf",
                "smoke/x.gguf.golden", "x.golden.safetensors"}),
      Lines({"model: config.json model.safetensors smoke/model.golden", "x.gguf: x.gguf x.gguf smoke/x.gguf.golden"}));
}

TEST(GoldenPathTest, LiesWhereNoLoaderOfWeightsLooks) {
  EXPECT_EQ(GoldenPathFor("model.safetensors"), "smoke/model.golden");
  EXPECT_EQ(GoldenPathFor("a/model.safetensors.index.json"), "a/smoke/model.golden");
  EXPECT_EQ(GoldenPathFor("a/b/model-bf16.safetensors"), "a/b/smoke/model-bf16.golden");
  EXPECT_EQ(GoldenPathFor("a/x-00001-of-00002.gguf"), "a/smoke/x.gguf.golden");
  EXPECT_EQ(GoldenPathFor("x.onnx"), "smoke/x.onnx.golden");
}

}  // namespace
}  // namespace plumb
