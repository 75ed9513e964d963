#include "client/cli/text.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

google::protobuf::Timestamp At(int64_t seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  return time;
}

TEST(Sanitise, LeavesPlainTextAlone) { EXPECT_EQ(Sanitise("acme/tiny@v1 (27 MiB)"), "acme/tiny@v1 (27 MiB)"); }

TEST(Sanitise, LeavesOtherScriptsAlone) { EXPECT_EQ(Sanitise("模型 модель é"), "模型 модель é"); }

TEST(Sanitise, EscapesTheEscapeCharacter) { EXPECT_EQ(Sanitise("\x1b[31mred"), "\\x1b[31mred"); }

TEST(Sanitise, EscapesEveryC0ControlButTheLineFeedItIsToldToKeep) {
  for (char c = 0; c < 0x20; ++c) {
    std::string safe = Sanitise(std::string(1, c));
    EXPECT_EQ(safe.front(), '\\') << static_cast<int>(c);
    if (c == '\n') continue;
    EXPECT_EQ(Sanitise(std::string(1, c), /*keep_lines=*/true), safe) << static_cast<int>(c);
  }
}

TEST(Sanitise, EscapesDelete) {
  EXPECT_EQ(Sanitise("a\x7f"
                     "b"),
            "a\\x7fb");
}

TEST(Sanitise, EscapesC1ControlsInUtf8) {
  EXPECT_EQ(Sanitise("\xc2\x9b"
                     "31m"),
            "\\x9b31m");
}

TEST(Sanitise, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(Sanitise("a\x9b\xff"
                     "b"),
            "a\\x9b\\xffb");
}

TEST(Sanitise, EscapesATruncatedSequenceByteByByte) { EXPECT_EQ(Sanitise("\xe6\xa8"), "\\xe6\\xa8"); }

TEST(Sanitise, EscapesRightToLeftOverride) { EXPECT_EQ(Sanitise("a\u202eb"), "a\\u{202e}b"); }

TEST(Sanitise, EscapesZeroWidthSpace) { EXPECT_EQ(Sanitise("a\u200bb"), "a\\u{200b}b"); }

TEST(Sanitise, EscapesLineSeparator) { EXPECT_EQ(Sanitise("a\u2028b"), "a\\u{2028}b"); }

TEST(Sanitise, WritesALineFeedAsTwoCharacters) { EXPECT_EQ(Sanitise("a\nb"), "a\\nb"); }

TEST(Sanitise, KeepsLinesWhenAsked) { EXPECT_EQ(Sanitise("a\nb\x1b", /*keep_lines=*/true), "a\nb\\x1b"); }

TEST(Sanitise, IsSafeOnItsOwnOutput) {
  std::string once = Sanitise("\x1b]0;title\x07 \xff \u202e");
  EXPECT_EQ(Sanitise(once), once);
}

TEST(DisplayWidth, CountsAsciiOneEach) { EXPECT_EQ(DisplayWidth("abc"), 3u); }

TEST(DisplayWidth, CountsCharactersNotBytes) { EXPECT_EQ(DisplayWidth("é"), 1u); }

TEST(DisplayWidth, CountsWideCharactersTwice) { EXPECT_EQ(DisplayWidth("模型"), 4u); }

TEST(DisplayWidth, DoesNotCountCombiningMarks) { EXPECT_EQ(DisplayWidth("e\u0301"), 1u); }

TEST(Truncate, LeavesTextThatFits) { EXPECT_EQ(Truncate("abc", 3), "abc"); }

TEST(Truncate, MarksTheCut) { EXPECT_EQ(Truncate("abcd", 3), "ab…"); }

TEST(Truncate, ToNothing) { EXPECT_EQ(Truncate("abcd", 0), ""); }

TEST(Truncate, NeverCutsACharacterInTwo) { EXPECT_EQ(Truncate("模型模型", 4), "模…"); }

TEST(Truncate, NeverExceedsTheColumns) {
  for (size_t columns = 0; columns < 12; ++columns) {
    EXPECT_LE(DisplayWidth(Truncate("a模b型cdé", columns)), columns);
    EXPECT_LE(DisplayWidth(TruncateFront("a模b型cdé", columns)), columns);
    EXPECT_LE(DisplayWidth(TruncateMiddle("a模b型cdé", columns)), columns);
  }
}

TEST(TruncateFront, KeepsTheEnd) { EXPECT_EQ(TruncateFront("weights/model.safetensors", 12), "…safetensors"); }

TEST(TruncateMiddle, KeepsTheEndAndSomeOfTheFront) {
  EXPECT_EQ(TruncateMiddle("Llama-3.1-8B-Instruct-Q4_K_M.gguf", 24), "Llama-3…ruct-Q4_K_M.gguf");
  EXPECT_EQ(TruncateMiddle("short", 5), "short");
}

TEST(DisplayWidth, CountsTheVowelsOfHangulWithTheirSyllable) { EXPECT_EQ(DisplayWidth("\u1112\u1161\u11ab"), 2u); }

TEST(PrefixBytes, NeverCutsACharacterInTwo) {
  EXPECT_EQ(PrefixBytes("模型", 3), 3u);
  EXPECT_EQ(PrefixBytes("abc", 8), 3u);
}

TEST(FormatBytes, SwitchesUnitsAtTheirBounds) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytes(1 << 20), "1.0 MiB");
  EXPECT_EQ(FormatBytes(3ull << 29), "1.5 GiB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<uint64_t>::max()), "16.0 EiB");
}

TEST(FormatSeconds, ChoosesItsPrecision) {
  EXPECT_EQ(FormatSeconds(0.4213), "0.42 s");
  EXPECT_EQ(FormatSeconds(9.994), "9.99 s");
  EXPECT_EQ(FormatSeconds(12.34), "12.3 s");
  EXPECT_EQ(FormatSeconds(59.96), "1:00");
  EXPECT_EQ(FormatSeconds(125), "2:05");
  EXPECT_EQ(FormatSeconds(3723), "1:02:03");
}

TEST(FormatSeconds, OfNonsenseIsAQuestionMark) {
  EXPECT_EQ(FormatSeconds(-1), "?");
  EXPECT_EQ(FormatSeconds(std::numeric_limits<double>::infinity()), "?");
}

TEST(FormatTime, IsUtc) {
  EXPECT_EQ(FormatTime(At(1'700'000'000)), "2023-11-14 22:13");
  EXPECT_EQ(FormatTimeRfc3339(At(1'700'000'000)), "2023-11-14T22:13:20Z");
}

TEST(FormatTime, OfNothingIsEmpty) {
  EXPECT_EQ(FormatTime(At(0)), "");
  EXPECT_EQ(FormatTimeRfc3339(At(0)), "");
}

TEST(FormatTime, SurvivesAbsurdTimes) {
  EXPECT_NO_THROW(FormatTime(At(std::numeric_limits<int64_t>::max())));
  EXPECT_NO_THROW(FormatTime(At(std::numeric_limits<int64_t>::min())));
}

TEST(Count, AddsAnS) {
  EXPECT_EQ(Count(0, "file"), "0 files");
  EXPECT_EQ(Count(1, "file"), "1 file");
  EXPECT_EQ(Count(2, "file"), "2 files");
}

}  // namespace
}  // namespace plumb::cli
