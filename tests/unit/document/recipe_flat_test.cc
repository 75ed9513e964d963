#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"

namespace plumb {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

std::string Data(const std::string& name) {
  const auto text = ReadFile(std::string(PLUMB_TEST_DATA "/recipes/") + name, limits::kRecipeBytesMax);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

v1::Recipe Parse(const std::string& text) {
  const auto recipe = ParseRecipe(text, "recipe.json");
  EXPECT_TRUE(recipe.ok()) << recipe.status();
  return recipe.ok() ? *recipe : v1::Recipe();
}

std::string ErrorOf(const std::string& text) {
  const auto recipe = ParseRecipe(text, "recipe.json");
  return recipe.ok() ? "accepted" : std::string(Message(recipe.status()));
}

TEST(FlatRecipe, EverythingItSaysIsInTheFullRecipe) {
  const v1::Recipe flat = Parse(Data("tiny-shakespeare.recipe.json"));
  const v1::Recipe full = Parse(Data("tiny-shakespeare.yaml"));
  MessageDifferencer differencer;
  differencer.set_scope(MessageDifferencer::PARTIAL);
  std::string differences;
  differencer.ReportDifferencesToString(&differences);
  EXPECT_TRUE(differencer.Compare(flat, full)) << differences;
}

TEST(FlatRecipe, RendersAsTheGoldenFile) {
  const v1::Recipe flat = Parse(Data("tiny-shakespeare.recipe.json"));
  const std::string golden = Data("tiny-shakespeare.golden.yaml");
  const auto rendered = RenderRecipe(flat);
  ASSERT_TRUE(rendered.ok()) << rendered.status();
  EXPECT_EQ(*rendered, golden);
  EXPECT_TRUE(MessageDifferencer::Equals(flat, Parse(golden)));
}

TEST(FlatRecipe, UnderstandsEveryKeyOfItsExample) {
  EXPECT_EQ(Parse(Data("tiny-shakespeare.recipe.json")).extra_size(), 0);
}

TEST(FlatRecipe, KeepsUnknownKeysWordForWord) {
  const v1::Recipe recipe =
      Parse(R"({"steps": 5, "ema": 0.5, "config": {"n_layer": 2, "rope": [1, "x"]}, "dataset": {"mirror": null}})");
  ASSERT_EQ(recipe.extra_size(), 3);
  EXPECT_EQ(recipe.extra(0).key(), "config.rope");
  EXPECT_EQ(recipe.extra(0).text(), R"(["1","x"])");
  EXPECT_EQ(recipe.extra(1).key(), "dataset.mirror");
  EXPECT_EQ(recipe.extra(1).text(), "null");
  EXPECT_EQ(recipe.extra(2).key(), "ema");
  EXPECT_EQ(recipe.extra(2).text(), "0.5");
}

TEST(FlatRecipe, KeepsAKnownKeyOfAnotherShape) {
  const v1::Recipe recipe = Parse(R"({"steps": 5, "tokenizer": {"kind": "bpe"}, "dataset": "shakespeare"})");
  ASSERT_EQ(recipe.extra_size(), 2);
  EXPECT_EQ(recipe.extra(0).key(), "dataset");
  EXPECT_EQ(recipe.extra(1).text(), R"({"kind":"bpe"})");
}

TEST(FlatRecipe, YamlWorksToo) {
  const v1::Recipe recipe = Parse("steps: 10\nbatch_size: 4\nseq_len: 8\nname: y\n");
  EXPECT_EQ(recipe.name(), "y");
  EXPECT_EQ(recipe.batch(0).sequences().value(), 4);
  EXPECT_EQ(recipe.batch(0).to_step().value(), 10);
}

TEST(FlatRecipe, TheFileNamesARecipeWithoutName) { EXPECT_EQ(Parse(R"({"steps": 1})").name(), "recipe.json"); }

TEST(FlatRecipe, WarmupBecomesASegmentFromZero) {
  const v1::Recipe recipe =
      Parse(R"({"steps": 10, "schedule": "warmup+linear", "warmup": 2, "lr_max": 1, "lr_min": 0.5})");
  ASSERT_EQ(recipe.schedule_size(), 2);
  EXPECT_EQ(recipe.schedule(0).lr_from().value(), 0);
  EXPECT_EQ(recipe.schedule(0).lr_from().provenance(), v1::PROVENANCE_ASSUMED);
  EXPECT_EQ(recipe.schedule(0).to_step().value(), 2);
  EXPECT_EQ(recipe.schedule(1).kind().value(), "linear");
  EXPECT_EQ(recipe.schedule(1).lr_to().value(), 0.5);
}

TEST(FlatRecipe, ConstantRateHasOneSegment) {
  const v1::Recipe recipe = Parse(R"({"steps": 10, "schedule": "constant", "lr_max": 1})");
  ASSERT_EQ(recipe.schedule_size(), 1);
  EXPECT_EQ(recipe.schedule(0).lr_to().value(), 1);
}

TEST(FlatRecipe, WhatIsNotStatedIsUnknown) {
  const v1::Recipe recipe = Parse(R"({"schedule": "cosine", "lr_max": 1, "batch_size": 4})");
  EXPECT_TRUE(recipe.schedule(0).to_step().unknown());
  EXPECT_TRUE(recipe.schedule(0).lr_to().unknown());
  EXPECT_TRUE(recipe.batch(0).seq_len().unknown());
}

TEST(FlatRecipe, FinalLossIsMeasured) {
  const v1::Recipe recipe = Parse(R"({"steps": 9, "final_val_loss": 1.5})");
  ASSERT_EQ(recipe.metrics_size(), 1);
  EXPECT_EQ(recipe.metrics(0).step().value(), 9);
  EXPECT_EQ(recipe.metrics(0).value().provenance(), v1::PROVENANCE_MEASURED);
}

TEST(FlatRecipe, WrongTypesAreRefusedByName) {
  EXPECT_THAT(ErrorOf(R"({"steps": "many"})"), HasSubstr("`steps` must be an integer; found \"many\""));
  EXPECT_THAT(ErrorOf(R"({"steps": 1, "eps": "small"})"), HasSubstr("`eps` must be a finite number"));
  EXPECT_THAT(ErrorOf(R"({"steps": 1, "betas": [0.9]})"), HasSubstr("`betas` must be a list of two numbers"));
  EXPECT_THAT(ErrorOf(R"({"steps": 1, "betas": [0.9, "x"]})"), HasSubstr("`betas` must be a list of two numbers"));
  EXPECT_THAT(ErrorOf(R"({"config": {"n_layer": 1.5}})"), HasSubstr("`config.n_layer` must be an integer"));
  EXPECT_THAT(ErrorOf(R"({"steps": 1, "checkpoints": [0, "x"]})"), HasSubstr("`checkpoints` must be a list of steps"));
}

TEST(FlatRecipe, TheRulesOfRecipesHoldForItToo) {
  EXPECT_THAT(ErrorOf(R"({"steps": 5, "warmup": 9, "lr_max": 1})"), HasSubstr("`schedule[1].to_step` is 5"));
  EXPECT_THAT(ErrorOf(R"({"steps": 9, "checkpoints": [5, 0]})"), HasSubstr("`checkpoints[1].step` is 0"));
  EXPECT_THAT(ErrorOf(R"({"steps": 9, "dataset": {"sha256": "beef"}})"), HasSubstr("64 lower-case"));
}

}  // namespace
}  // namespace plumb
