#include "client/cli/markdown.h"

#include <string>

#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

std::string Rendered(std::string_view markdown, size_t width = 40) {
  std::string text;
  for (const StyledText& line : RenderMarkdown(markdown, width)) text += line.text + "\n";
  return text;
}

TEST(RenderMarkdown, HeadingsAreBoldAndSetOff) {
  std::vector<StyledText> lines = RenderMarkdown("# Tiny\nText.\n## Use\nMore.\n", 40);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0].text, "Tiny");
  EXPECT_EQ(lines[0].colour, Colour::kBold);
  EXPECT_EQ(lines[2].text, "");
  EXPECT_EQ(lines[3].text, "Use");
}

TEST(RenderMarkdown, ParagraphsAreJoinedAndWrapped) {
  EXPECT_EQ(Rendered("one two\nthree four\n\nfive\n", 12), "one two\nthree four\n\nfive\n");
  EXPECT_EQ(Rendered("one two\nthree four\n", 20), "one two three four\n");
}

TEST(RenderMarkdown, ItemsHang) {
  EXPECT_EQ(Rendered("- one two three\n- four\n  1. five six seven\n", 12),
            "- one two\n  three\n- four\n  1. five\n     six\n     seven\n");
}

TEST(RenderMarkdown, CodeAndTablesStandAsTheyAre) {
  EXPECT_EQ(Rendered("```python\nimport a_very_long_name_of_a_module\n\tx\n```\n| a | b |\n| - | - |\n", 20),
            "import a_very_long_name_of_a_module\n    x\n| a | b |\n| - | - |\n");
}

TEST(RenderMarkdown, LinksKeepTheirAddress) {
  EXPECT_EQ(Rendered("See [the paper](https://x.org/p) and [here](#use).\n", 0),
            "See the paper <https://x.org/p> and here.\n");
  EXPECT_EQ(Rendered("![a plot](plot.png)\n"), "[picture: a plot]\n");
  EXPECT_EQ(Rendered("[![badge](b.svg)](https://ci.org)\n", 0), "[picture: badge] <https://ci.org>\n");
}

TEST(RenderMarkdown, MarksOfEmphasisTagsAndCommentsGo) {
  EXPECT_EQ(Rendered("**bold** <b>x</b> `a**b` 2 < 3\n<!-- hidden\nhidden -->\n<div align=\"center\">\n"),
            "bold x `a**b` 2 < 3\n");
}

TEST(RenderMarkdown, ALineUnderTextIsAHeading) {
  EXPECT_EQ(RenderMarkdown("Title\n=====\n", 40)[0].colour, Colour::kBold);
}

TEST(RenderMarkdown, SanitisesEverything) {
  EXPECT_EQ(Rendered("a\x1b[2Jb\n# c\x1b\n```\n\x1b]0;t\x07\n```\n").find('\x1b'), std::string::npos);
}

TEST(RenderMarkdown, CostsNoMoreThanItsLength) {
  for (const char* text : {"[", "![", "<a", "[[](", "a`", "\\"}) {
    std::string long_text;
    while (long_text.size() < (1u << 17)) long_text += text;
    EXPECT_FALSE(RenderMarkdown(long_text, 0).empty()) << text;
  }
}

TEST(RenderMarkdown, SurvivesWhatIsNotMarkdown) {
  for (const char* text : {"[", "[a](", "![", "`", "**", "<", "```", "\\", ">", "1.", "[[[[](", "|", "#", "<!--"}) {
    RenderMarkdown(text, 20);
  }
}

}  // namespace
}  // namespace plumb::cli
