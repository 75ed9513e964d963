#include "client/cli/wrap.h"

#include <sstream>
#include <string>

#include "client/cli/text.h"
#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

using Lines = std::vector<std::string>;

TEST(WrapWords, BreaksAtSpaces) { EXPECT_EQ(WrapWords("one two three", 8), (Lines{"one two", "three"})); }

TEST(WrapWords, WithoutAWidthBreaksNothing) { EXPECT_EQ(WrapWords("one two three", 0), (Lines{"one two three"})); }

TEST(WrapWords, OfNothingIsAnEmptyLine) { EXPECT_EQ(WrapWords("", 8), (Lines{""})); }

TEST(WrapWords, LeavesWhatFitsAsItIs) { EXPECT_EQ(WrapWords("  set off", 9), (Lines{"  set off"})); }

TEST(WrapWords, KeepsSpacesWithinALine) { EXPECT_EQ(WrapWords("a  b c", 5), (Lines{"a  b", "c"})); }

TEST(WrapWords, TheFirstLineMayBeShorter) {
  EXPECT_EQ(WrapWords("one two three", 8, 4), (Lines{"one", "two", "three"}));
}

TEST(WrapWords, BreaksAPathAfterASlash) {
  EXPECT_EQ(WrapWords("/home/somebody/models/tiny", 18), (Lines{"/home/somebody/", "models/tiny"}));
}

TEST(WrapWords, BreaksADigestAfterHalfOfIt) {
  const std::string half(32, 'a');
  EXPECT_EQ(WrapWords("sha256:" + half + half, 60), (Lines{"sha256:" + half, half}));
}

TEST(WrapWords, CountsWideCharactersTwice) { EXPECT_EQ(WrapWords("模型模型", 4), (Lines{"模型", "模型"})); }

TEST(WrapText, IndentsWhatGoesOn) { EXPECT_EQ(WrapText("one two three", 9), "one two\n  three"); }

TEST(WrapText, KeepsLinesAndTheirIndentation) {
  EXPECT_EQ(WrapText("one\n  two three four", 12), "one\n  two three\n    four");
}

TEST(WrapText, LeavesRoomForWhatStandsBefore) { EXPECT_EQ(WrapText("one two three", 14, 2, 7), "one two\n  three"); }

TEST(WrapCommand, IsStillOneCommand) {
  EXPECT_EQ(WrapCommand("plumb pull acme/tiny ./somewhere", 24, 5), "plumb pull \\\n    acme/tiny \\\n    ./somewhere");
  EXPECT_EQ(WrapCommand("plumb list", 24, 5), "plumb list");
}

class WrapWidthTest : public testing::TestWithParam<size_t> {};

TEST_P(WrapWidthTest, NoLineIsWider) {
  const std::string text =
      "A sentence with https://models.example.org/acme/tiny and 模型模型模型模型模型模型模型 in it,\n  twice.";
  std::istringstream lines(WrapText(text, GetParam(), 2, 7));
  std::string line;
  for (bool first = true; std::getline(lines, line); first = false) {
    EXPECT_LE(DisplayWidth(line) + (first ? 7 : 0), GetParam()) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, WrapWidthTest, testing::Values(20, 33, 60, 80, 120));

}  // namespace
}  // namespace plumb::cli
