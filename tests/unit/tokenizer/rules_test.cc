// The steps of a tokenizer one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "verify/tokenizer/added_tokens.h"
#include "verify/tokenizer/byte_level.h"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/model.h"
#include "verify/tokenizer/precompiled.h"
#include "verify/tokenizer/regex.h"
#include "verify/tokenizer/split.h"
#include "verify/tokenizer/unicode.h"
#include "verify/tokenizer/vocabulary.h"

namespace plumb::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::string> Parts(const std::string& text, const std::vector<Range>& delimiters, SplitBehavior behavior,
                               bool invert = false) {
  std::vector<std::string> parts;
  for (const Range& part : SplitParts(Stretches(text.size(), delimiters, invert), behavior)) {
    parts.push_back(text.substr(part.begin, part.end - part.begin));
  }
  return parts;
}

TEST(Split, EachBehaviourOnTheExampleOfItsDefinition) {
  const std::string text = "the-final--countdown";
  const std::vector<Range> dashes = {{3, 4}, {9, 10}, {10, 11}};
  EXPECT_THAT(Parts(text, dashes, SplitBehavior::kRemoved), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(Parts(text, dashes, SplitBehavior::kIsolated), ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(Parts(text, dashes, SplitBehavior::kMergedWithPrevious), ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(Parts(text, dashes, SplitBehavior::kMergedWithNext), ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(Parts(text, dashes, SplitBehavior::kContiguous), ElementsAre("the", "-", "final", "--", "countdown"));
  EXPECT_THAT(Parts(text, dashes, SplitBehavior::kRemoved, true), ElementsAre("-", "-", "-"));
  EXPECT_THAT(Parts("", {}, SplitBehavior::kIsolated), IsEmpty());
}

std::vector<std::string> Matches(std::string_view pattern, std::string_view text) {
  const absl::StatusOr<Regex> regex = Regex::Compile(pattern, "test");
  if (!regex.ok()) return {std::string(regex.status().message())};
  Work work;
  std::vector<std::string> found;
  const std::vector<Range> matches = regex->FindAll(text, work).value_or(std::vector<Range>());
  for (const Range& match : matches) {
    found.emplace_back(text.substr(match.begin, match.end - match.begin));
  }
  return found;
}

TEST(RegexTest, MeansWhatRubyMeans) {
  EXPECT_THAT(Matches("\\s", "a\v b\xC2\x85\xC2\xA0"), ElementsAre("\v", " ", "\xC2\x85", "\xC2\xA0"));
  EXPECT_THAT(Matches("^.", "ab\ncd\re"), ElementsAre("a", "c"));
  EXPECT_THAT(Matches(".$", "ab\ncd\re"), ElementsAre("b", "e"));
  EXPECT_THAT(Matches(".+", "a\rb\nc"), ElementsAre("a\rb", "c"));
  EXPECT_THAT(Matches("\\w+", "a_1\xC2\xB2-\xC3\xA9"), ElementsAre("a_1\xC2\xB2", "\xC3\xA9"));
  EXPECT_THAT(Matches("[^\\s\\w]+", "a, b!?"), ElementsAre(",", "!?"));
  EXPECT_THAT(Matches("(?i:'S)", "It's IT'S"), ElementsAre("'s", "'S"));
  EXPECT_THAT(Matches("\\s+(?!\\S)|\\s+", "a   b "), ElementsAre("  ", " ", " "));
}

TEST(RegexTest, EmptyMatchesNeverTouchTheOneBefore) {
  EXPECT_THAT(Matches("a*", "aab"), ElementsAre("aa", ""));
  EXPECT_THAT(Matches("", "ab"), ElementsAre("", "", ""));
  EXPECT_THAT(Matches("a", ""), IsEmpty());
}

TEST(RegexTest, WorkIsSharedByAllMatchesOfAText) {
  const Regex regex = *Regex::Compile("(a|aa)+y", "test");
  Work work;
  EXPECT_FALSE(regex.FindAll(std::string(100, 'a'), work).ok());
  EXPECT_LT(work.pattern_steps, 100'000u);
  EXPECT_FALSE(regex.FindAll(std::string(100, 'a'), work).ok());
}

TEST(ByteLevel, SpellsEveryByteAsOneCharacter) {
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  const std::string spelt = EncodeByteLevel(all);
  EXPECT_EQ(CountCharacters(spelt), 256u);
  std::string back;
  ASSERT_TRUE(DecodeByteLevel(spelt, back));
  EXPECT_EQ(back, all);
  EXPECT_EQ(EncodeByteLevel(" \n!"), "\xC4\xA0\xC4\x8A!");
  EXPECT_FALSE(DecodeByteLevel(" ", back));
  EXPECT_FALSE(DecodeByteLevel("\xE2\x96\x81", back));
}

TEST(PrefixIndexTest, FindsEveryKeyShortestFirst) {
  const PrefixIndex index({{"ab", 1}, {"", 9}, {"a", 2}, {"abcd", 3}, {"b", 4}, {"a", 5}, {"\xFF", 6}});
  auto find = [&index](std::string_view text) {
    std::vector<std::pair<size_t, int32_t>> found;
    index.ForEachPrefix(text, [&](size_t length, int32_t value) { found.emplace_back(length, value); });
    return found;
  };
  EXPECT_THAT(find("abcde"), ElementsAre(Pair(1, 5), Pair(2, 1), Pair(4, 3)));
  EXPECT_THAT(find("abc"), ElementsAre(Pair(1, 5), Pair(2, 1)));
  EXPECT_THAT(find("\xFF"), ElementsAre(Pair(1, 6)));
  EXPECT_THAT(find("c"), IsEmpty());
  EXPECT_THAT(find(""), IsEmpty());
  EXPECT_TRUE(PrefixIndex({}).empty());
}

std::vector<std::string> SplitAdded(const AddedTokens& added, std::string_view text, bool parse_special = true) {
  std::vector<std::string> parts;
  for (const AddedPart& part : added.Split(text, false, parse_special)) {
    parts.push_back((part.id ? std::to_string(*part.id) + ":" : "") + std::string(part.text));
  }
  return parts;
}

TEST(AddedTokensTest, LeftmostThenLongest) {
  const AddedTokens added = *AddedTokens::Make(
      {{.id = 1, .content = "<s>"}, {.id = 2, .content = "<s>x"}, {.id = 3, .content = "s>xyz", .special = true}},
      nullptr);
  EXPECT_THAT(SplitAdded(added, "a<s>b"), ElementsAre("a", "1:<s>", "b"));
  EXPECT_THAT(SplitAdded(added, "<s>xyz"), ElementsAre("2:<s>x", "yz"));
  EXPECT_THAT(SplitAdded(added, "s>xyz"), ElementsAre("3:s>xyz"));
  EXPECT_THAT(SplitAdded(added, "s>xyz", false), ElementsAre("s>xyz"));
  EXPECT_THAT(SplitAdded(added, ""), IsEmpty());
}

TEST(AddedTokensTest, WhiteSpaceAndWords) {
  const AddedTokens added = *AddedTokens::Make({{.id = 1, .content = "<l>", .lstrip = true},
                                                {.id = 2, .content = "<r>", .rstrip = true},
                                                {.id = 3, .content = "the", .single_word = true}},
                                               nullptr);
  EXPECT_THAT(SplitAdded(added, "a \t<l> b"), ElementsAre("a", "1: \t<l>", " b"));
  EXPECT_THAT(SplitAdded(added, "a <r>\n b"), ElementsAre("a ", "2:<r>\n ", "b"));
  EXPECT_THAT(SplitAdded(added, "<r>  <l>"), ElementsAre("2:<r>  ", "1:<l>"));
  EXPECT_THAT(SplitAdded(added, "the other, the-the thes"),
              ElementsAre("3:the", " other, ", "3:the", "-", "3:the", " thes"));
  EXPECT_THAT(SplitAdded(added, "the\xC3\xA9"), ElementsAre("the\xC3\xA9"));
}

TEST(Unicode, FollowsTheVersionsThatHuggingFaceStandsOn) {
  EXPECT_TRUE(IsPunctuation(U'!') && IsPunctuation(U'$') && IsPunctuation(U'\u2014'));
  EXPECT_FALSE(IsPunctuation(U'\u20AC'));
  EXPECT_FALSE(IsPunctuation(U'\u2E4F'));  // Since Unicode 11.
  EXPECT_TRUE(IsControl(U'\u200D') && IsControl(U'\uE000'));
  EXPECT_FALSE(IsControl(U'\u08E2'));  // Since Unicode 9.
  EXPECT_TRUE(IsNonSpacingMark(U'\u0301'));
  EXPECT_FALSE(IsNonSpacingMark(U'\u1DFB'));  // Since Unicode 9.
  std::string text = "\xE3\x8B\xBF";          // U+32FF, since Unicode 12.1.
  ASSERT_TRUE(Normalize(NormalForm::kKC, text).ok());
  EXPECT_EQ(text, "\xE3\x8B\xBF");
  text = "e\xCC\x81\xEF\xAC\x81";
  ASSERT_TRUE(Normalize(NormalForm::kKC, text).ok());
  EXPECT_EQ(text,
            "\xC3\xA9"
            "fi");
  EXPECT_EQ(Lowercase("\xC4\xB0\xCE\xA3"), "i\xCC\x87\xCF\x83");
  EXPECT_EQ(ReplaceInvalidUtf8("a\xF0\x9F"
                               "b\xFF"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST(Fingerprints, TellListsApart) {
  auto of = [](const std::vector<std::string>& texts) {
    Fingerprint fingerprint;
    for (const std::string& text : texts) fingerprint.Text(text);
    return fingerprint.Finish();
  };
  EXPECT_EQ(of({"a", "bc"}), of({"a", "bc"}));
  EXPECT_NE(of({"a", "bc"}), of({"ab", "c"}));
  EXPECT_NE(of({"a"}), of({"a", ""}));
}

TEST(CharacterMapTest, StaysInsideADamagedTable) {
  // Every unit points somewhere else; no text may lead a look-up out of the table.
  uint32_t state = 1;
  for (int round = 0; round < 200; ++round) {
    std::string bytes("\x40\0\0\0", 4);
    for (int i = 0; i < 0x40; ++i) bytes += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    const CharacterMap map = *CharacterMap::Parse(bytes + std::string("abc\0", 4), "test");
    for (int b = 1; b < 128; ++b) {
      const std::string text(3, static_cast<char>(b));
      const absl::StatusOr<std::string> mapped = ApplyCharacterMap(map, text);
      ASSERT_TRUE(mapped.ok());
      EXPECT_LE(mapped->size(), 3 * text.size());
    }
  }
}

}  // namespace
}  // namespace plumb::text
