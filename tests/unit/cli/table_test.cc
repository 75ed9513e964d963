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

const std::string& SomeDigest() {
  static const auto* digest = new std::string("sha256:" + std::string(32, '0') + std::string(32, '1'));
  return *digest;
}

TEST(Table, ADigestStandsWholeOnALineOfItsOwn) {
  Table table({{""}, {""}});
  table.AddRow({"Digest", SomeDigest()});
  EXPECT_EQ(table.Render(false, 76), "Digest\n    " + SomeDigest() + "\n");
}

TEST(Table, ADigestBreaksInItsMiddleWhereItFitsNowhere) {
  Table table({{""}, {""}});
  table.AddRow({"Digest", SomeDigest()});
  EXPECT_EQ(table.Render(false, 60),
            "Digest\n    sha256:" + std::string(32, '0') + "\n    " + std::string(32, '1') + "\n");
}

TEST(Table, LeavesNoTrailingSpaces) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"x", ""});
  table.AddRow({"x", "yy"});
  std::istringstream lines(table.Render(false, 0));
  for (std::string line; std::getline(lines, line);) EXPECT_NE(line.back(), ' ') << line;
}

TEST(Table, WrapsTheLastColumnAtWords) {
  Table table({{"NAME"}, {"NOTE"}});
  table.AddRow({"longer", "a note that is of some length"});
  EXPECT_EQ(table.Render(false, 33),
            "NAME    NOTE\n"
            "longer  a note that is of some\n"
            "        length\n");
}

TEST(Table, PutsTheLastColumnBelowWhereItHasNoRoomBeside) {
  EXPECT_EQ(Sample().Render(false, 28),
            "NAME        SIZE\n"
            "a            1 B\n"
            "    short\n"
            "longer  12.5 MiB\n"
            "    a note of some length\n");
}

Table Files() {
  Table table({{"SIZE", Align::kRight},
               {.header = "CHUNKS", .align = Align::kRight, .drop = 2},
               {.header = "SHA-256", .drop = 1},
               {.header = "FILE", .fit = Fit::kMiddle, .min = 30}});
  table.AddRow({"4.1 GiB", "12", "0123456789ab", "Llama-3.1-8B-Instruct-Q4_K_M.gguf"});
  return table;
}

TEST(Table, LeavesOutTheColumnsThatMatterLeast) {
  EXPECT_EQ(Files().Render(false, 80),
            "   SIZE  CHUNKS  SHA-256       FILE\n"
            "4.1 GiB      12  0123456789ab  Llama-3.1-8B-Instruct-Q4_K_M.gguf\n");
  EXPECT_EQ(Files().Render(false, 60),
            "   SIZE  SHA-256       FILE\n"
            "4.1 GiB  0123456789ab  Llama-3.1-8B-Instruct-Q4_K_M.gguf\n");
  EXPECT_EQ(Files().Render(false, 45),
            "   SIZE  FILE\n"
            "4.1 GiB  Llama-3.1-8B-Instruct-Q4_K_M.gguf\n");
}

TEST(Table, KeepsTheEndOfAFilesName) {
  EXPECT_EQ(Files().Render(false, 34),
            "   SIZE  FILE\n"
            "4.1 GiB  Llama-3.…ruct-Q4_K_M.gguf\n");
}

TEST(Table, ColumnsThatFitInNoWayBecomeLines) {
  Table table({{"VERSION"}, {"DIGEST"}, {"TAG"}});
  table.AddRow({"step-1000-of-a-long-run", "0123456789ab", "x"});
  EXPECT_EQ(table.Render(false, 30),
            "step-1000-of-a-long-run\n"
            "    DIGEST: 0123456789ab\n"
            "    TAG: x\n");
}

class TableWidthTest : public testing::TestWithParam<size_t> {};

TEST_P(TableWidthTest, Fits) {
  for (const Table& table : {Sample(), Files()}) {
    std::istringstream lines(table.Render(false, GetParam()));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), GetParam()) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, TableWidthTest, testing::Values(20, 26, 30, 40, 60, 80, 200));

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
