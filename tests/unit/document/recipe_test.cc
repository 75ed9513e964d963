#include "plumb/document/recipe.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

constexpr char kHead[] = "schema_version: 1\nprovenance: published\n";

v1::Recipe Parse(const std::string& text) {
  const auto recipe = ParseRecipe(text, "recipe.yaml");
  EXPECT_TRUE(recipe.ok()) << recipe.status();
  return recipe.ok() ? *recipe : v1::Recipe();
}

std::string ErrorOf(const std::string& text) {
  const auto recipe = ParseRecipe(text, "recipe.yaml");
  return recipe.ok() ? "accepted" : std::string(Message(recipe.status()));
}

TEST(Recipe, ShorthandTakesTheDefaultProvenance) {
  const v1::Recipe recipe =
      Parse(std::string(kHead) + "architecture: {n_layers: 4, family: gpt2, tied_embeddings: true}\n");
  EXPECT_EQ(recipe.architecture().n_layers().value(), 4);
  EXPECT_EQ(recipe.architecture().n_layers().provenance(), v1::PROVENANCE_PUBLISHED);
  EXPECT_EQ(recipe.architecture().family().value(), "gpt2");
  EXPECT_TRUE(recipe.architecture().tied_embeddings().value());
}

TEST(Recipe, LongFormStatesItsOwnProvenanceAndNote) {
  const v1::Recipe recipe =
      Parse(std::string(kHead) + "totals: {tokens: {value: 5, provenance: measured, note: by log}}\n");
  EXPECT_EQ(recipe.totals().tokens().value(), 5);
  EXPECT_EQ(recipe.totals().tokens().provenance(), v1::PROVENANCE_MEASURED);
  EXPECT_EQ(recipe.totals().tokens().note(), "by log");
}

TEST(Recipe, LongFormWithoutProvenanceTakesTheDefault) {
  const v1::Recipe recipe = Parse(std::string(kHead) + "totals: {tokens: {value: 5, note: x}}\n");
  EXPECT_EQ(recipe.totals().tokens().provenance(), v1::PROVENANCE_PUBLISHED);
}

TEST(Recipe, UnknownIsLegalAndHasNoProvenance) {
  const v1::Recipe recipe =
      Parse(std::string(kHead) + "totals: {tokens: unknown, flops: {unknown: true, note: not logged}}\n");
  EXPECT_TRUE(recipe.totals().tokens().unknown());
  EXPECT_EQ(recipe.totals().tokens().provenance(), v1::PROVENANCE_UNSPECIFIED);
  EXPECT_EQ(recipe.totals().flops().note(), "not logged");
}

TEST(Recipe, TheWordUnknownCanBeAText) {
  const v1::Recipe recipe = Parse(std::string(kHead) + "tokenizer: {kind: {value: unknown}}\n");
  EXPECT_EQ(recipe.tokenizer().kind().value(), "unknown");
}

TEST(Recipe, JsonAndYamlAreTheSame) {
  const v1::Recipe yaml = Parse(std::string(kHead) + "name: x\noptimizer: {eps: 1e-8, bias_correction: false}\n");
  const v1::Recipe json = Parse(
      R"({"schema_version":1,"provenance":"published","name":"x","optimizer":{"eps":1e-8,"bias_correction":false}})");
  EXPECT_EQ(yaml.SerializeAsString(), json.SerializeAsString());
}

TEST(Recipe, UnknownKeysAreRefusedWithTheirPath) {
  EXPECT_THAT(ErrorOf(std::string(kHead) + "optimiser: {}\n"),
              HasSubstr("unknown key `optimiser`; known here: schema_version"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "architecture: {n_layer: 4}\n"),
              HasSubstr("unknown key `architecture.n_layer`"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "data: [{name: a}, {nmae: b}]\n"), HasSubstr("unknown key `data[1].nmae`"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: {valeu: 1}}\n"), HasSubstr("`totals.tokens.valeu`"));
}

TEST(Recipe, ValuesOfTheWrongTypeAreRefused) {
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: many}\n"),
              HasSubstr("`totals.tokens` must be an integer or `unknown`; found \"many\""));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: 1.5}\n"), HasSubstr("must be an integer"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: 9223372036854775808}\n"), HasSubstr("must be an integer"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {flops: .inf}\n"), HasSubstr("must be a finite number"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {flops: nan}\n"), HasSubstr("must be a finite number"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {flops: 1e999}\n"), HasSubstr("must be a finite number"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "architecture: {bias_ffn: yes}\n"),
              HasSubstr("`true`, `false` or `unknown`"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "architecture: 5\n"), HasSubstr("`architecture` must be a map"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "data: {name: a}\n"), HasSubstr("`data` must be a list"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: [1]}\n"), HasSubstr("`totals.tokens` must be a value"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "known_issues: [[a]]\n"), HasSubstr("`known_issues[0]` must be text"));
}

TEST(Recipe, SilenceIsNotUnknown) {
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: }\n"), HasSubstr("write `unknown`"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: {note: x}}\n"),
              HasSubstr("neither a value nor `unknown`"));
}

TEST(Recipe, EveryValueNeedsProvenance) {
  EXPECT_THAT(ErrorOf("schema_version: 1\ntotals: {tokens: 5}\n"), HasSubstr("`totals.tokens` says no provenance"));
  EXPECT_EQ(ErrorOf("schema_version: 1\ntotals: {tokens: {value: 5, provenance: assumed}}\n"), "accepted");
  EXPECT_THAT(ErrorOf("schema_version: 1\nprovenance: guessed\n"), HasSubstr("`provenance` must be"));
  EXPECT_THAT(ErrorOf("schema_version: 1\ntotals: {tokens: {value: 5, provenance: rumour}}\n"),
              HasSubstr("`totals.tokens.provenance` must be"));
}

TEST(Recipe, AValueCannotBeKnownAndUnknown) {
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: {value: 1, unknown: true}}\n"),
              HasSubstr("both a value and `unknown`"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: {unknown: false}}\n"), HasSubstr("must be `true`"));
  EXPECT_THAT(ErrorOf(std::string(kHead) + "totals: {tokens: {unknown: true, provenance: assumed}}\n"),
              HasSubstr("cannot have provenance"));
}

TEST(Recipe, SchemaVersionMustBeOne) {
  EXPECT_THAT(ErrorOf("name: x\n"), HasSubstr("`schema_version` is 0; expected 1"));
  EXPECT_THAT(ErrorOf("schema_version: 2\n"), HasSubstr("`schema_version` is 2; expected 1"));
  EXPECT_THAT(ErrorOf("schema_version: -1\n"), HasSubstr("must be a small integer"));
}

TEST(Recipe, OwnFormWithoutSchemaVersionIsNeverReadAsAnother) {
  EXPECT_THAT(ErrorOf("steps: 5\ntotals: {steps: {value: 5, provenance: measured}}\n"),
              HasSubstr("recipe.yaml has no `schema_version`; totals is a key of Plumb's own form"));
  EXPECT_THAT(ErrorOf("batch_size: 4\narchitecture: {n_layers: 2}\noptimizer: {name: AdamW}\n"),
              HasSubstr("architecture, optimizer are keys"));
}

TEST(Recipe, TheFormIsKnownByItsKeys) {
  const auto form = [](const char* text) { return *RecipeFormOf(text, "r"); };
  EXPECT_EQ(form("schema_version: 1\n"), RecipeForm::kOwn);
  EXPECT_EQ(form("totals: {steps: 5}\n"), RecipeForm::kOwn);
  EXPECT_EQ(form("steps: 5\nconfig: {n_layer: 2}\noptimizer: {_component_: torch.AdamW}\n"), RecipeForm::kFlat);
  // What llm-compressor keeps beside the weights that it made.
  EXPECT_EQ(form("default_stage:\n  default_modifiers:\n    GPTQModifier: {scheme: W4A16}\n"), RecipeForm::kOther);
  EXPECT_FALSE(RecipeFormOf("[1]", "r").ok());
}

TEST(Recipe, MustBeAMap) {
  EXPECT_THAT(ErrorOf("- 1\n"), HasSubstr("must be a map"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("must be a map"));
}

TEST(Recipe, SizeOnePastTheLimit) {
  const std::string head = std::string(kHead) + "#";
  EXPECT_EQ(ErrorOf(head + std::string(limits::kRecipeBytesMax - head.size(), 'x')), "accepted");
  EXPECT_THAT(ErrorOf(head + std::string(limits::kRecipeBytesMax - head.size() + 1, 'x')),
              HasSubstr("expected at most 4194304"));
}

TEST(Recipe, SegmentsFollowOneAnother) {
  const std::string head(kHead);
  EXPECT_EQ(ErrorOf(head + "batch: [{from_step: 0, to_step: 5}, {from_step: 5, to_step: 9}]\n"), "accepted");
  EXPECT_THAT(ErrorOf(head + "batch: [{from_step: 1, to_step: 5}]\n"),
              HasSubstr("`batch[0].from_step` is 1; expected 0"));
  EXPECT_THAT(ErrorOf(head + "batch: [{from_step: 0, to_step: 5}, {from_step: 6, to_step: 9}]\n"),
              HasSubstr("`batch[1].from_step` is 6; expected 5"));
  EXPECT_THAT(ErrorOf(head + "schedule: [{from_step: 0, to_step: 0}]\n"),
              HasSubstr("`schedule[0].to_step` is 0; expected more"));
  EXPECT_THAT(ErrorOf(head + "schedule: [{from_step: 0}]\n"), HasSubstr("must say from_step and to_step"));
  EXPECT_EQ(ErrorOf(head + "schedule: [{from_step: 0, to_step: unknown}, {from_step: 7, to_step: 9}]\n"), "accepted");
}

TEST(Recipe, CheckpointsAscend) {
  const std::string head(kHead);
  EXPECT_EQ(ErrorOf(head + "checkpoints: [{step: 0}, {step: 5}]\n"), "accepted");
  EXPECT_THAT(ErrorOf(head + "checkpoints: [{step: 5}, {step: 5}]\n"),
              HasSubstr("`checkpoints[1].step` is 5; expected more than 5"));
  EXPECT_THAT(ErrorOf(head + "checkpoints: [{}]\n"), HasSubstr("`checkpoints[0].step` is missing"));
  EXPECT_THAT(ErrorOf(head + "checkpoints: [{step: -1}]\n"), HasSubstr("expected more than -1"));
}

TEST(Recipe, DigestsAreHexadecimal) {
  const std::string head(kHead);
  const std::string good(64, 'a');
  EXPECT_EQ(ErrorOf(head + "tokenizer: {sha256: " + good + "}\n"), "accepted");
  EXPECT_THAT(ErrorOf(head + "tokenizer: {sha256: " + good + "a}\n"), HasSubstr("expected 64 lower-case hexadecimal"));
  EXPECT_THAT(ErrorOf(head + "data: [{sha256: [" + good + ", \"\"]}]\n"), HasSubstr("`data[0].sha256[1]`"));
  EXPECT_THAT(ErrorOf(head + "tokenizer: {sha256: " + std::string(64, 'A') + "}\n"), HasSubstr("lower-case"));
}

TEST(Recipe, RelationComesWithAParent) {
  const std::string head(kHead);
  EXPECT_EQ(ErrorOf(head + "parent: a/b@v1\nrelation: fine-tuned\n"), "accepted");
  EXPECT_THAT(ErrorOf(head + "parent: a/b\n"), HasSubstr("must be stated together"));
  EXPECT_THAT(ErrorOf(head + "parent: a/b\nrelation: cousin\n"), HasSubstr("`relation` is \"cousin\""));
}

TEST(Recipe, ControlCharactersAreRefused) {
  EXPECT_THAT(ErrorOf(std::string(kHead) + "name: \"a\\u0007\"\n"), HasSubstr("`name` holds a control character"));
  EXPECT_THAT(ErrorOf("{\"schema_version\":1,\"name\":\"a\\u0000\"}"), HasSubstr("`name` holds a control character"));
}

TEST(ValidateRecipe, RefusesMessagesThatNoTextCouldMake) {
  v1::Recipe recipe;
  recipe.set_schema_version(1);
  EXPECT_TRUE(ValidateRecipe(recipe).ok());
  recipe.mutable_totals()->mutable_tokens()->set_value(1);
  EXPECT_THAT(Message(ValidateRecipe(recipe)), HasSubstr("`totals.tokens` has no provenance"));
  recipe.mutable_totals()->mutable_tokens()->set_provenance(static_cast<v1::Provenance>(9));
  EXPECT_THAT(Message(ValidateRecipe(recipe)), HasSubstr("`totals.tokens` has no provenance"));
  recipe.mutable_totals()->mutable_tokens()->set_provenance(v1::PROVENANCE_DERIVED);
  EXPECT_TRUE(ValidateRecipe(recipe).ok());
  recipe.mutable_totals()->mutable_flops()->set_value(1.0 / 0.0);
  recipe.mutable_totals()->mutable_flops()->set_provenance(v1::PROVENANCE_DERIVED);
  EXPECT_THAT(Message(ValidateRecipe(recipe)), HasSubstr("`totals.flops` is not a finite number"));
}

}  // namespace
}  // namespace plumb
