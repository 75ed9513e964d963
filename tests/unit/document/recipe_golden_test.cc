// The recipes of real families: every figure that follows from them is a published one.
#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/document/recipe.h"
#include "plumb/document/recipe_check.h"

namespace plumb {
namespace {

v1::Recipe Load(const std::string& name) {
  const std::string path = std::string(PLUMB_TEST_DATA "/recipes/") + name + ".yaml";
  const auto text = ReadFile(path, limits::kRecipeBytesMax);
  EXPECT_TRUE(text.ok()) << text.status();
  const auto recipe = ParseRecipe(text.ok() ? *text : "", path);
  EXPECT_TRUE(recipe.ok()) << recipe.status();
  return recipe.ok() ? *recipe : v1::Recipe();
}

struct Published {
  const char* name;
  uint64_t parameters, d_head, steps, tokens, warmup_tokens;
  double output_std;  // By the rule.
  bool deviates;      // The published one is another.
};

constexpr Published kCerebras[] = {
    {"cerebras-gpt-111m", 111'050'496, 64, 9'037, 2'220'933'120, 374'784'000, 0.00447214, false},
    {"cerebras-gpt-256m", 255'977'024, 64, 9'468, 5'119'082'496, 374'685'696, 0.00377964, false},
    {"cerebras-gpt-590m", 590'310'912, 128, 21'836, 11'806'113'792, 374'685'696, 0.00333333, false},
    {"cerebras-gpt-1.3b", 1'315'723'264, 128, 24'334, 26'313'424'896, 374'145'024, 0.00288675, true},
    {"cerebras-gpt-2.7b", 2'651'553'280, 80, 49'041, 53'030'191'104, 374'145'024, 0.0025, false},
    {"cerebras-gpt-6.7b", 6'658'404'352, 128, 62'522, 133'166'858'240, 374'865'920, 0.0025, false},
    {"cerebras-gpt-13b", 12'853'386'240, 128, 135'223, 257'066'680'320, 374'538'240, 0.00223607, true},
};

class CerebrasGpt : public ::testing::TestWithParam<Published> {};

TEST_P(CerebrasGpt, DerivedFiguresAreThePublishedOnes) {
  const DerivedFigures figures = DeriveFigures(Load(GetParam().name));
  EXPECT_EQ(figures.parameters, GetParam().parameters);
  EXPECT_EQ(figures.d_head, GetParam().d_head);
  EXPECT_EQ(figures.steps, GetParam().steps);
  EXPECT_EQ(figures.tokens, GetParam().tokens);
  EXPECT_EQ(figures.warmup_tokens, GetParam().warmup_tokens);
  EXPECT_NEAR(*figures.tokens_per_parameter, 20.0, 0.005);
  EXPECT_NEAR(*figures.output_std, GetParam().output_std, 5e-9);
}

TEST_P(CerebrasGpt, OnlyTheTwoInitialisationsDeviate) {
  const std::vector<Finding> findings = CheckRecipe(Load(GetParam().name), {.parameters = GetParam().parameters});
  ASSERT_EQ(findings.size(), GetParam().deviates ? 1u : 0u) << (findings.empty() ? "" : findings[0].message);
  if (!GetParam().deviates) return;
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].field, "init.output_std");
  EXPECT_EQ(findings[0].stated, "0.0025");
  EXPECT_TRUE(RequireNoErrors(findings, GetParam().name).ok());
}

TEST_P(CerebrasGpt, SurvivesRendering) {
  const v1::Recipe recipe = Load(GetParam().name);
  const auto text = RenderRecipe(recipe);
  ASSERT_TRUE(text.ok()) << text.status();
  const auto again = ParseRecipe(*text, "rendered");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(recipe, *again)) << *text;
}

TEST_P(CerebrasGpt, EveryStatedCountIsChecked) {
  v1::Recipe recipe = Load(GetParam().name);
  const size_t before = CheckRecipe(recipe, {}).size();
  recipe.mutable_totals()->mutable_tokens()->set_value(recipe.totals().tokens().value() + 1);
  recipe.mutable_architecture()->mutable_parameters()->set_value(recipe.architecture().parameters().value() - 1);
  EXPECT_EQ(CheckRecipe(recipe, {}).size(), before + 2);
}

INSTANTIATE_TEST_SUITE_P(Family, CerebrasGpt, ::testing::ValuesIn(kCerebras), [](const auto& row) {
  std::string name = row.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

TEST(CerebrasGpt13B, SwitchesItsBatchAtEqualData) {
  const v1::Recipe recipe = Load("cerebras-gpt-13b");
  ASSERT_EQ(recipe.batch_size(), 2);
  EXPECT_EQ(recipe.batch(0).sequences().value(), 720);
  EXPECT_EQ(recipe.batch(1).sequences().value(), 1080);
  EXPECT_EQ(recipe.batch(1).to_step().provenance(), v1::PROVENANCE_DERIVED);
  const v1::ScheduleSegment& last = recipe.schedule(2);
  EXPECT_EQ(last.curve_offset().value() * 1080, recipe.batch(0).to_step().value() * 720);
  EXPECT_EQ(last.to_step().value() - last.from_step().value(),
            last.curve_steps().value() - last.curve_offset().value());
}

TEST(TinyShakespeare, HasNoFinding) {
  const RecipeFacts facts{.parameters = 842'496,
                          .n_layers = 4,
                          .d_model = 128,
                          .n_heads = 4,
                          .d_ffn = 512,
                          .vocab_size = 256,
                          .max_seq_len = 128};
  EXPECT_TRUE(CheckRecipe(Load("tiny-shakespeare"), facts).empty());
}

TEST(TinyShakespeare, HasTenCheckpointsWithFallingLoss) {
  const v1::Recipe recipe = Load("tiny-shakespeare");
  ASSERT_EQ(recipe.checkpoints_size(), 10);
  for (int i = 1; i < 10; ++i) {
    EXPECT_LT(recipe.checkpoints(i).loss().value(), recipe.checkpoints(i - 1).loss().value());
    EXPECT_EQ(recipe.checkpoints(i).tokens_seen().value(), recipe.checkpoints(i).step().value() * 4096);
  }
  EXPECT_NEAR(recipe.checkpoints(9).loss().value(), recipe.metrics(0).value().value(), 1e-6);
}

TEST(RecipePage, ItsExampleIsSoundAndComplete) {
  const auto page = ReadFile(PLUMB_TEST_DATA "/../../docs/recipe.md", limits::kRecipeBytesMax);
  ASSERT_TRUE(page.ok()) << page.status();
  const size_t begin = page->find("```yaml\n");
  ASSERT_NE(begin, std::string::npos);
  const size_t end = page->find("```\n", begin + 8);
  const auto recipe = ParseRecipe(page->substr(begin + 8, end - begin - 8), "docs/recipe.md");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  const std::vector<Finding> findings = CheckRecipe(*recipe, {});
  EXPECT_TRUE(findings.empty()) << findings[0].message;
  EXPECT_TRUE(DeriveFigures(*recipe).parameters.has_value());
  EXPECT_EQ(DeriveFigures(*recipe).tokens, 7'864'320'000u);
}

}  // namespace
}  // namespace plumb
