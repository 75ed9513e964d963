#include "plumb/document/recipe_check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A recipe without a contradiction; `extra` is appended.
v1::Recipe Sound(const std::string& extra = "") {
  const auto recipe = ParseRecipe(
      "schema_version: 1\nprovenance: published\n"
      "architecture: {family: gpt2, n_layers: 4, d_model: 128, n_heads: 4, d_head: 32, d_ffn: 512, vocab_size: 256,\n"
      "  max_seq_len: 128, parameters: 842496}\n"
      "schedule: [{from_step: 0, to_step: 100, lr_from: 0, lr_to: 1}, {from_step: 100, to_step: 3000, lr_from: 1, "
      "lr_to: 0}]\n"
      "batch: [{from_step: 0, to_step: 3000, sequences: 32, seq_len: 128, tokens: 4096}]\n" +
          extra,
      "x");
  EXPECT_TRUE(recipe.ok()) << recipe.status();
  return recipe.ok() ? *recipe : v1::Recipe();
}

std::vector<Finding> Check(const v1::Recipe& recipe, const RecipeFacts& facts = {}) {
  return CheckRecipe(recipe, facts);
}

void ExpectOne(const std::vector<Finding>& findings, Severity severity, const std::string& field,
               const std::string& stated, const std::string& derived) {
  ASSERT_THAT(findings, SizeIs(1)) << (findings.empty() ? "" : findings[0].message);
  EXPECT_EQ(findings[0].severity, severity);
  EXPECT_EQ(findings[0].field, field);
  EXPECT_EQ(findings[0].stated, stated);
  EXPECT_EQ(findings[0].derived, derived);
  EXPECT_THAT(findings[0].message, HasSubstr(stated));
  EXPECT_THAT(findings[0].message, HasSubstr(derived));
}

TEST(CheckRecipe, ASoundRecipeHasNoFinding) {
  EXPECT_THAT(
      Check(Sound("totals: {steps: 3000, tokens: 12288000, warmup_tokens: 409600, tokens_per_parameter: 14.585}\n")),
      IsEmpty());
}

TEST(CheckRecipe, AnEmptyRecipeHasNoFinding) {
  EXPECT_THAT(Check(v1::Recipe(), {.parameters = 5, .n_layers = 2}), IsEmpty());
}

TEST(CheckRecipe, ParametersAgainstTheFormula) {
  v1::Recipe recipe = Sound();
  recipe.mutable_architecture()->mutable_parameters()->set_value(842497);
  ExpectOne(Check(recipe), Severity::kError, "architecture.parameters", "842497", "842496");
}

TEST(CheckRecipe, ParametersAgainstTheWeights) {
  ExpectOne(Check(Sound(), {.parameters = 842495}), Severity::kError, "architecture.parameters", "842496", "842495");
  EXPECT_THAT(Check(Sound(), {.parameters = 842496}), IsEmpty());
}

TEST(CheckRecipe, TheShapeAgainstTheWeightsWhenNoCountIsStated) {
  v1::Recipe recipe = Sound();
  recipe.mutable_architecture()->clear_parameters();
  ExpectOne(Check(recipe, {.parameters = 5}), Severity::kError, "architecture", "842496 parameters", "5");
}

TEST(CheckRecipe, TheFormulaIsOnlyForGpt2WithTiedEmbeddings) {
  for (const char* change : {"family", "tied", "position", "kv"}) {
    v1::Recipe recipe = Sound();
    v1::Architecture* shape = recipe.mutable_architecture();
    shape->mutable_parameters()->set_value(5);
    const std::string what = change;
    if (what == "family") shape->mutable_family()->set_value("llama");
    if (what == "tied") shape->mutable_tied_embeddings()->set_value(false);
    if (what == "position") shape->mutable_position_embedding()->set_value("rotary");
    if (what == "kv") shape->mutable_n_kv_heads()->set_value(1);
    EXPECT_FALSE(DeriveFigures(recipe).parameters.has_value()) << change;
    EXPECT_THAT(Check(recipe), IsEmpty()) << change;
  }
}

TEST(CheckRecipe, RoundedCountsMayBeOffByAHundredth) {
  v1::Recipe recipe = Sound();
  recipe.mutable_architecture()->mutable_vocab_size()->set_value(50257);
  const int64_t exact = *DeriveFigures(recipe).parameters;  // 7,242,624
  ASSERT_EQ(exact, 7'242'624);
  recipe.mutable_architecture()->mutable_parameters()->set_value(7'240'000);
  EXPECT_THAT(Check(recipe), IsEmpty());
  recipe.mutable_architecture()->mutable_parameters()->set_value(7'100'000);
  EXPECT_THAT(Check(recipe), SizeIs(1));
  recipe.mutable_architecture()->mutable_parameters()->set_value(7'242'000);  // Four digits: meant exactly.
  EXPECT_THAT(Check(recipe), SizeIs(1));
}

TEST(CheckRecipe, HeadWidth) {
  v1::Recipe recipe = Sound();
  recipe.mutable_architecture()->mutable_d_head()->set_value(64);
  ExpectOne(Check(recipe), Severity::kError, "architecture.d_head", "64", "32");
}

TEST(CheckRecipe, EveryFactOfTheConfiguration) {
  ExpectOne(Check(Sound(), {.n_layers = 5}), Severity::kError, "architecture.n_layers", "4", "5");
  ExpectOne(Check(Sound(), {.d_model = 5}), Severity::kError, "architecture.d_model", "128", "5");
  ExpectOne(Check(Sound(), {.n_heads = 5}), Severity::kError, "architecture.n_heads", "4", "5");
  ExpectOne(Check(Sound(), {.d_ffn = 5}), Severity::kError, "architecture.d_ffn", "512", "5");
  ExpectOne(Check(Sound(), {.vocab_size = 5}), Severity::kError, "architecture.vocab_size", "256", "5");
  ExpectOne(Check(Sound(), {.max_seq_len = 5}), Severity::kError, "architecture.max_seq_len", "128", "5");
}

TEST(CheckRecipe, TokensStepsAndWarmup) {
  ExpectOne(Check(Sound("totals: {tokens: 12288001}\n")), Severity::kError, "totals.tokens", "12288001", "12288000");
  ExpectOne(Check(Sound("totals: {steps: 2999}\n")), Severity::kError, "totals.steps", "2999", "3000");
  ExpectOne(Check(Sound("totals: {warmup_tokens: 409601}\n")), Severity::kError, "totals.warmup_tokens", "409601",
            "409600");
}

TEST(CheckRecipe, TokensPerParameterIsRounded) {
  EXPECT_THAT(Check(Sound("totals: {tokens_per_parameter: 14.6}\n")), IsEmpty());
  ExpectOne(Check(Sound("totals: {tokens_per_parameter: 20}\n")), Severity::kError, "totals.tokens_per_parameter", "20",
            "14.5852");
}

TEST(CheckRecipe, BatchTokens) {
  v1::Recipe recipe = Sound();
  recipe.mutable_batch(0)->mutable_tokens()->set_value(4095);
  ExpectOne(Check(recipe), Severity::kError, "batch[0].tokens", "4095", "4096");
}

TEST(CheckRecipe, TheScheduleEndsWithTheBatches) {
  v1::Recipe recipe = Sound();
  recipe.mutable_schedule(1)->mutable_to_step()->set_value(2999);
  ExpectOne(Check(recipe), Severity::kError, "schedule[1].to_step", "2999", "3000");
}

TEST(CheckRecipe, ACheckpointAfterTheEnd) {
  EXPECT_THAT(Check(Sound("checkpoints: [{step: 3000}]\n")), IsEmpty());
  ExpectOne(Check(Sound("checkpoints: [{step: 3001}]\n")), Severity::kError, "checkpoints[0].step", "3001",
            "at most 3000");
}

TEST(CheckRecipe, LongSequencesAreAWarning) {
  v1::Recipe recipe = Sound();
  recipe.mutable_architecture()->mutable_max_seq_len()->set_value(64);
  recipe.mutable_architecture()->clear_parameters();
  ExpectOne(Check(recipe), Severity::kWarning, "batch[0].seq_len", "128", "at most 64");
}

TEST(CheckRecipe, InitialisationOffTheRuleIsAWarning) {
  EXPECT_THAT(Check(Sound("init: {std: 0.02, output_std: 0.00707}\n")), IsEmpty());
  ExpectOne(Check(Sound("init: {std: 0.02, output_std: 0.0025}\n")), Severity::kWarning, "init.output_std", "0.0025",
            "0.00707107");
}

TEST(CheckRecipe, UnknownValuesAreNeverFindings) {
  v1::Recipe recipe = Sound("totals: {tokens: unknown, steps: unknown}\n");
  recipe.mutable_architecture()->mutable_parameters()->set_unknown(true);
  EXPECT_THAT(Check(recipe), IsEmpty());
}

TEST(DeriveFigures, WarmupAcrossTwoBatchSegments) {
  const auto recipe = ParseRecipe(
      "schema_version: 1\nprovenance: published\n"
      "schedule: [{from_step: 0, to_step: 15, lr_from: 0, lr_to: 1}, {from_step: 15, to_step: 30, lr_from: 1, lr_to: "
      "0}]\n"
      "batch: [{from_step: 0, to_step: 10, sequences: 1, seq_len: 8}, {from_step: 10, to_step: 30, sequences: 2, "
      "seq_len: 8}]\n",
      "x");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  const DerivedFigures figures = DeriveFigures(*recipe);
  EXPECT_EQ(figures.steps, 30u);
  EXPECT_EQ(figures.tokens, 10u * 8 + 20u * 16);
  EXPECT_EQ(figures.warmup_steps, 15u);
  EXPECT_EQ(figures.warmup_tokens, 10u * 8 + 5u * 16);
}

TEST(DeriveFigures, AFallingFirstSegmentIsNoWarmup) {
  v1::Recipe recipe = Sound();
  recipe.mutable_schedule(0)->mutable_lr_from()->set_value(2);
  EXPECT_FALSE(DeriveFigures(recipe).warmup_steps.has_value());
}

TEST(DeriveFigures, HugeNumbersLeaveFiguresAbsentNotWrong) {
  v1::Recipe recipe = Sound();
  recipe.mutable_architecture()->mutable_d_model()->set_value(1ll << 40);
  recipe.mutable_architecture()->mutable_d_ffn()->set_value(1ll << 40);
  recipe.mutable_batch(0)->mutable_sequences()->set_value(1ll << 40);
  recipe.mutable_batch(0)->mutable_seq_len()->set_value(1ll << 40);
  EXPECT_FALSE(DeriveFigures(recipe).parameters.has_value());
  EXPECT_FALSE(DeriveFigures(recipe).tokens.has_value());
  recipe.mutable_architecture()->mutable_d_model()->set_value(INT64_MAX);
  recipe.mutable_architecture()->mutable_n_heads()->set_value(-1);
  EXPECT_FALSE(DeriveFigures(recipe).d_head.has_value());
  EXPECT_THAT(Check(recipe).size(), ::testing::Ge(0u));
}

TEST(RequireNoErrors, WarningsPassErrorsAreAPolicyRefusal) {
  EXPECT_TRUE(RequireNoErrors({}, "recipe.yaml").ok());
  EXPECT_TRUE(RequireNoErrors({Finding{.severity = Severity::kWarning, .message = "w"}}, "recipe.yaml").ok());
  const absl::Status status = RequireNoErrors({Finding{.severity = Severity::kError, .message = "first"},
                                               Finding{.severity = Severity::kWarning, .message = "w"},
                                               Finding{.severity = Severity::kError, .message = "second"}},
                                              "recipe.yaml");
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy);
  EXPECT_EQ(Message(status), "recipe.yaml contradicts itself or the model: first; second");
}

}  // namespace
}  // namespace plumb
