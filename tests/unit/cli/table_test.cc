#include "client/cli/table.h"

#include <sstream>
#include <string>

#include "client/cli/text.h"
#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

Table Sample() {
  Table table({{"NAME"}, {"SIZE", Align::kRight}, {"NOTE"}});
  table.AddRow({"a", "1 B", "short"});
  table.AddRow({{"longer", Colour::kBold}, "12.5 MiB", "a note of some length"});
  return table;
}

TEST(Table, AlignsColumns) {
  EXPECT_EQ(Sample().Render(false, 0),
            "NAME        SIZE  NOTE\n"
            "a            1 B  short\n"
            "longer  12.5 MiB  a note of some length\n");
}

TEST(Table, WithoutRowsIsNothing) { EXPECT_EQ(Table({{"NAME"}}).Render(false, 0), ""); }

TEST(Table, WithoutHeadersHasNoHeaderLine) {
  Table table({{""}, {""}});
  table.AddRow({"Digest", "sha256:00"});
  EXPECT_EQ(table.Render(false, 0), "Digest  sha256:00\n");
}

TEST(Table, WithoutHeadersIsNeverCut) {
  Table table({{""}, {""}});
  table.AddRow({"Digest", std::string(64, '0')});
  EXPECT_EQ(table.Render(false, 40), "Digest  " + std::string(64, '0') + "\n");
}

TEST(Table, LeavesNoTrailingSpaces) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"x", ""});
  table.AddRow({"x", "yy"});
  std::istringstream lines(table.Render(false, 0));
  for (std::string line; std::getline(lines, line);) EXPECT_NE(line.back(), ' ') << line;
}

TEST(Table, CutsTheLastColumnToTheWidth) {
  EXPECT_EQ(Sample().Render(false, 28),
            "NAME        SIZE  NOTE\n"
            "a            1 B  short\n"
            "longer  12.5 MiB  a note of…\n");
}

class TableWidthTest : public testing::TestWithParam<size_t> {};

TEST_P(TableWidthTest, Fits) {
  std::istringstream lines(Sample().Render(false, GetParam()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), GetParam()) << line;
}

INSTANTIATE_TEST_SUITE_P(Widths, TableWidthTest, testing::Values(26, 30, 40, 80, 200));

TEST(Table, KeepsAReadableLastColumnOnANarrowTerminal) {
  EXPECT_NE(Sample().Render(false, 5).find("a note …"), std::string::npos) << Sample().Render(false, 5);
}

TEST(Table, PaintsWithoutChangingTheAlignment) {
  std::string painted = Sample().Render(true, 0);
  EXPECT_NE(painted.find("\x1b[1mlonger\x1b[0m  12.5 MiB"), std::string::npos) << painted;
}

TEST(Table, SanitisesItsCells) {
  Table table({{"A"}});
  table.AddRow({"x\x1b[2J\ny"});
  EXPECT_EQ(table.Render(false, 0), "A\nx\\x1b[2J\\ny\n");
}

TEST(Table, AlignsWideCharacters) {
  Table table({{""}, {""}});
  table.AddRow({"模型", "1"});
  table.AddRow({"abcd", "2"});
  EXPECT_EQ(table.Render(false, 0), "模型  1\nabcd  2\n");
}

TEST(Paint, WithoutColourIsTheText) { EXPECT_EQ(Paint("x", Colour::kNone), "x"); }

TEST(Paint, EndsWhatItBegins) {
  for (Colour colour : {Colour::kBold, Colour::kDim, Colour::kRed, Colour::kGreen, Colour::kYellow}) {
    EXPECT_TRUE(Paint("x", colour).ends_with("x\x1b[0m"));
  }
}

}  // namespace
}  // namespace plumb::cli
