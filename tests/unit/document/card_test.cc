#include "plumb/document/card.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ModelCard Parse(const std::string& text) {
  auto card = ParseModelCard(text, "README.md");
  EXPECT_TRUE(card.ok()) << card.status();
  return card.ok() ? *card : ModelCard{};
}

std::string ErrorOf(const std::string& text) {
  const auto card = ParseModelCard(text, "README.md");
  return card.ok() ? "accepted" : std::string(Message(card.status()));
}

TEST(ModelCard, ReadsTheExampleCard) {
  const auto text = ReadFile(PLUMB_TEST_DATA "/cards/full.md", limits::kCardBytesMax);
  ASSERT_TRUE(text.ok()) << text.status();
  const ModelCard card = Parse(*text);
  EXPECT_TRUE(card.has_front_matter);
  EXPECT_EQ(card.license, "apache-2.0");
  EXPECT_EQ(card.license_link, "LICENSE");
  EXPECT_THAT(card.datasets, ElementsAre("tiny-shakespeare"));
  EXPECT_EQ(card.card.title(), "Tiny model");
  EXPECT_EQ(card.card.description(), "A small byte-level model that shows every part of a card.");
  EXPECT_THAT(card.card.tags(), ElementsAre("gpt2", "small"));
  EXPECT_THAT(card.card.languages(), ElementsAre("en", "no"));
  EXPECT_EQ(card.card.library(), "transformers");
  EXPECT_EQ(card.card.pipeline(), "text-generation");
  EXPECT_EQ(card.card.base_model(), "plumb/seed");
}

TEST(ModelCard, WithoutFrontMatter) {
  const ModelCard card = Parse("# Title\n\nFirst paragraph\nsecond line.\n\nMore.\n");
  EXPECT_FALSE(card.has_front_matter);
  EXPECT_EQ(card.card.title(), "Title");
  EXPECT_EQ(card.card.description(), "First paragraph second line.");
  EXPECT_EQ(card.license, "");
}

TEST(ModelCard, EmptyTextIsAnEmptyCard) {
  const ModelCard card = Parse("");
  EXPECT_EQ(card.card.title(), "");
  EXPECT_EQ(card.body, "");
}

TEST(ModelCard, EmptyFrontMatterIsFine) {
  const ModelCard card = Parse("---\n---\n# T\n");
  EXPECT_TRUE(card.has_front_matter);
  EXPECT_EQ(card.body, "# T\n");
}

TEST(ModelCard, WindowsLineEndsAndByteOrderMark) {
  const ModelCard card = Parse("\xEF\xBB\xBF---\r\nlicense: mit\r\n---\r\n# T\r\n\r\nText.\r\n");
  EXPECT_EQ(card.license, "mit");
  EXPECT_EQ(card.card.title(), "T");
  EXPECT_EQ(card.card.description(), "Text.");
}

TEST(ModelCard, AnUnclosedRuleIsMarkdown) {
  const ModelCard card = Parse("---\n# T\n");
  EXPECT_FALSE(card.has_front_matter);
  EXPECT_EQ(card.card.title(), "T");
}

// As people write it, and the hub reads it.
TEST(ModelCard, FrontMatterIsFoundWhereHubsFindIt) {
  for (const char* text : {"\n\n---\nlicense: mit\n---\n# T\n", " \t\r\n---\r\nlicense: mit\r\n---\r\n# T\n",
                           "--- \nlicense: mit\n--- \t\n# T\n", "---\nlicense: \"mit\"\n...\n# T\n",
                           "  ---\nlicense: mit\n---\n# T\n", "---\nlicense: mit\n---"}) {
    EXPECT_EQ(Parse(text).license, "mit") << text;
  }
  EXPECT_EQ(Parse("\n---\nlicense: mit\n...\n# Title\n").card.title(), "Title");
  for (const char* text : {"<!-- c -->\n---\nlicense: mit\n---\n", "----\nlicense: mit\n---\n",
                           "x\n---\nlicense: mit\n---\n", "---\nlicense: mit\n ---\n"}) {
    EXPECT_EQ(Parse(text).license, "") << text;
  }
}

TEST(ModelCard, SpellingsThatNobodyReadsAreNoted) {
  EXPECT_THAT(Parse("---\nlicence: mit\n---\n").notes, ElementsAre(HasSubstr("says `licence`")));
  EXPECT_THAT(Parse("---\nLicense: mit\n---\n").notes, ElementsAre(HasSubstr("says `License`")));
  EXPECT_THAT(Parse("---\nlicense: mit\nlicence: x\n---\n").notes, IsEmpty());
}

TEST(ModelCard, AliasesOfTextAreThatText) {
  const ModelCard card = Parse("---\nx: &l mit\nlicense: *l\ny: &a [1, 2]\ntags: *a\n---\n");
  EXPECT_EQ(card.license, "mit");
  EXPECT_EQ(card.card.tags_size(), 0);
}

TEST(ModelCard, BaseModelsAndDatasets) {
  const ModelCard card = Parse("---\nbase_model: [a/b, c/d]\nbase_model_relation: merge\n---\n");
  EXPECT_THAT(card.base_models, ElementsAre("a/b", "c/d"));
  EXPECT_EQ(card.base_model_relation, "merge");
  EXPECT_FALSE(card.describes_dataset);
  EXPECT_TRUE(Parse("---\ntask_categories: [text-generation]\n---\n").describes_dataset);
}

TEST(ModelCard, LanguageCodesStayText) {
  EXPECT_THAT(Parse("---\nlanguage: no\n---\n").card.languages(), ElementsAre("no"));
  EXPECT_THAT(Parse("---\nlanguage: [en, no]\n---\n").card.languages(), ElementsAre("en", "no"));
}

TEST(ModelCard, SeveralLicencesAllApply) {
  EXPECT_EQ(Parse("---\nlicense: [mit, apache-2.0]\n---\n").license, "mit AND apache-2.0");
  EXPECT_EQ(Parse("---\nlicense:\n- mit\n---\n").license, "mit");
  EXPECT_EQ(Parse("---\nlicense:\n---\n").license, "");
}

TEST(ModelCard, UnknownKeysAreIgnored) {
  EXPECT_EQ(Parse("---\nmodel-index: [{name: x}]\nlicense: mit\n---\n").license, "mit");
}

TEST(ModelCard, WrongTypesAreRefusedByName) {
  EXPECT_THAT(ErrorOf("---\nlicense: {a: b}\n---\n"), HasSubstr("`license` must be text"));
  EXPECT_THAT(ErrorOf("---\ntags: [[a]]\n---\n"), HasSubstr("`tags` must be text"));
  EXPECT_THAT(ErrorOf("---\n- a\n---\n"), HasSubstr("must be a map"));
}

TEST(ModelCard, BrokenOrHostileYamlIsRefused) {
  EXPECT_THAT(ErrorOf("---\na: [\n---\n"), HasSubstr("README.md: the front matter is not acceptable YAML"));
  EXPECT_THAT(ErrorOf("---\nlicense: mit\nlicense: apache-2.0\n---\n"), HasSubstr("occurs twice"));
}

TEST(ModelCard, RefusesInvalidUtf8) { EXPECT_THAT(ErrorOf("# \xc3\x28"), HasSubstr("not valid UTF-8")); }

TEST(ModelCard, SizeAtTheLimitAndOnePast) {
  EXPECT_EQ(ErrorOf(std::string(limits::kCardBytesMax, 'a')), "accepted");
  EXPECT_THAT(ErrorOf(std::string(limits::kCardBytesMax + 1, 'a')), HasSubstr("expected at most 4194304"));
}

TEST(ModelCard, FrontMatterAtTheLimitAndOnePast) {
  const std::string comment = "#" + std::string(limits::kFrontMatterBytesMax - 2, 'x');
  EXPECT_EQ(ErrorOf("---\n" + comment + "\n---\n"), "accepted");
  EXPECT_THAT(ErrorOf("---\n" + comment + "x\n---\n"), HasSubstr("the front matter has 262145 bytes"));
}

TEST(CardSummary, HeadingsInsideFencesAndCommentsDoNotCount) {
  EXPECT_EQ(Parse("```\n# no\n```\n<!--\n# no\n-->\n# Yes\n").card.title(), "Yes");
  EXPECT_EQ(Parse("~~~\n# no\n```\n# no\n~~~\n# Yes\n").card.title(), "Yes");
}

TEST(CardSummary, OnlyFirstLevelHeadingsAreTitles) {
  EXPECT_EQ(Parse("## Two\n#NoSpace\n# One #\n").card.title(), "One");
  EXPECT_EQ(Parse("# C#\n").card.title(), "C#");
}

TEST(CardSummary, SkipsBadgesHtmlTablesListsAndQuotes) {
  const ModelCard card =
      Parse("# T\n![x](y)\n[![a](b)](c)\n<p>\n| a |\n- item\n1. one\n> quote\n\nProse 1. here.\n## Next\n");
  EXPECT_EQ(card.card.description(), "Prose 1. here.");
}

TEST(CardSummary, ProseBeforeTheTitleServesWhenNoneFollows) {
  EXPECT_EQ(Parse("Intro.\n\n# T\n\n- list\n").card.description(), "Intro.");
  EXPECT_EQ(Parse("Intro.\n\n# T\n\nAfter.\n").card.description(), "After.");
  EXPECT_EQ(Parse("One.\n\nTwo.\n").card.description(), "One.");
}

TEST(CardSummary, DescriptionAtTheLimitAndOnePast) {
  EXPECT_EQ(Parse(std::string(kCardDescriptionBytes, 'a')).card.description().size(), kCardDescriptionBytes);
  const std::string cut = Parse(std::string(kCardDescriptionBytes + 1, 'a')).card.description();
  EXPECT_EQ(cut.size(), kCardDescriptionBytes);
  EXPECT_THAT(cut, ::testing::EndsWith("\u2026"));
}

TEST(CardSummary, NeverCutsInsideACharacter) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "\u00e9";
  for (const char* lead : {"", "a"}) {
    const std::string cut = Parse(lead + text).card.description();
    EXPECT_LE(cut.size(), kCardDescriptionBytes);
    EXPECT_TRUE(ParseModelCard(cut, "again").ok()) << "not UTF-8 after the cut";
  }
}

TEST(CardSummary, CutsAtAWord) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "word ";
  EXPECT_THAT(Parse(text).card.description(), ::testing::EndsWith("word\u2026"));
}

TEST(CardSummary, BodyIsEverythingAfterTheFrontMatter) {
  EXPECT_EQ(Parse("---\na: b\n---\nline\n---\nmore").body, "line\n---\nmore");
  EXPECT_THAT(Parse("---\na: b\n---").body, IsEmpty());
}

}  // namespace
}  // namespace plumb
