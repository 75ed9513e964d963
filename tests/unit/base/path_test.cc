#include "plumb/base/path.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

bool Valid(std::string_view path) {
  absl::Status status = ValidateRelativePath(path);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return status.ok();
}

TEST(PathTest, OrdinaryPaths) {
  for (const char* path :
       {"a", "model.safetensors", "a/b/c.txt", ".gitattributes", "..a", "a..b", "a b", "w\xc3\xa4ight", "console",
        "com", "com10", "lpt0", "nulls", "a-1_2+3@4,5", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(Valid(path)) << path;
  }
}

TEST(PathTest, EmptyPartsAndDots) {
  for (const char* path :
       {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/./b", "../a", "a/..", "a/../b", "//"}) {
    EXPECT_FALSE(Valid(path)) << path;
  }
}

TEST(PathTest, WhatOtherSystemsReadDifferently) {
  for (const char* path : {"a\\b", "..\\a", "C:a", "a:stream", "a.", "a ", "a./b", "a /b", "...", "a/. "}) {
    EXPECT_FALSE(Valid(path)) << path;
  }
}

TEST(PathTest, ReservedDeviceNames) {
  for (const char* path :
       {"nul", "NUL", "Con", "aux.txt", "prn.tar.gz", "com1", "COM9.txt", "lpt1", "a/nul/b", "a/LPT5"}) {
    EXPECT_FALSE(Valid(path)) << path;
  }
}

TEST(PathTest, ControlCharacters) {
  for (int c = 0; c < 0x20; ++c) EXPECT_FALSE(Valid(std::string("a") + static_cast<char>(c) + "b")) << c;
  EXPECT_FALSE(Valid("a\x7f"));
}

TEST(PathTest, MessageNeverHoldsControlCharacters) {
  absl::Status status = ValidateRelativePath("a\x1b[2J");
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr("a\\x1b[2J"));
}

TEST(PathTest, InvalidUtf8) {
  for (const char* path : {"\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(path));
    EXPECT_FALSE(Valid(path));
  }
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8(std::string_view("\0", 1)));
  EXPECT_TRUE(IsValidUtf8("\xf4\x8f\xbf\xbf"));
}

TEST(PathTest, LengthsAtTheLimitAndOnePast) {
  EXPECT_TRUE(Valid(std::string(limits::kPathPartBytesMax, 'a')));
  EXPECT_FALSE(Valid(std::string(limits::kPathPartBytesMax + 1, 'a')));
  std::string path;
  while (path.size() < limits::kPathBytesMax) path += "a/";
  path.resize(limits::kPathBytesMax - 1);
  EXPECT_TRUE(Valid(path.substr(0, path.size() - 1) + "aa"));
  EXPECT_EQ((path.substr(0, path.size() - 1) + "aa").size(), limits::kPathBytesMax);
  EXPECT_FALSE(Valid(path.substr(0, path.size() - 1) + "aaa"));
}

TEST(PathSetTest, DifferentPaths) {
  EXPECT_TRUE(ValidatePathSet({}).ok());
  EXPECT_TRUE(ValidatePathSet({"a", "b", "a.b", "c/a", "c/b"}).ok());
}

TEST(PathSetTest, EachIsValidated) { EXPECT_TRUE(absl::IsInvalidArgument(ValidatePathSet({"a", "../b"}))); }

TEST(PathSetTest, SamePathTwice) { EXPECT_FALSE(ValidatePathSet({"a", "a"}).ok()); }

TEST(PathSetTest, CaseFoldCollisions) {
  EXPECT_FALSE(ValidatePathSet({"README.md", "readme.MD"}).ok());
  EXPECT_FALSE(ValidatePathSet({"stra\xc3\x9f"
                                "e",
                                "STRASSE"})
                   .ok());
  EXPECT_FALSE(ValidatePathSet({"A/x", "a/X"}).ok());
}

TEST(PathSetTest, NormalisationCollisions) {
  EXPECT_FALSE(ValidatePathSet({"\xc3\xa9", "e\xcc\x81"}).ok());   // NFC and NFD of e acute.
  EXPECT_FALSE(ValidatePathSet({"\xef\xac\x81le", "file"}).ok());  // The ligature fi.
  EXPECT_FALSE(ValidatePathSet({"\xe2\x84\xaa", "k"}).ok());       // The Kelvin sign.
  EXPECT_FALSE(ValidatePathSet({"\xef\xbc\xa1", "a"}).ok());       // Full-width A.
  EXPECT_TRUE(ValidatePathSet({"\xd0\xb0", "a"}).ok());            // Cyrillic a is another letter.
}

TEST(PathSetTest, FileThatIsAlsoAFolder) {
  absl::Status status = ValidatePathSet({"a", "a/b"});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(Message(status)), testing::AllOf(testing::HasSubstr("\"a\""), testing::HasSubstr("a/b")));
  EXPECT_FALSE(ValidatePathSet({"a/b/c/d", "A/B"}).ok());
  EXPECT_FALSE(ValidatePathSet({"a", "a.b", "a/b"}).ok());
}

TEST(FoldPathTest, IsIdempotent) {
  for (const char* path : {"A/B",
                           "stra\xc3\x9f"
                           "e",
                           "\xef\xac\x81", "e\xcc\x81", "\xe1\xba\x9e"}) {
    EXPECT_EQ(FoldPath(FoldPath(path)), FoldPath(path)) << path;
  }
  EXPECT_EQ(FoldPath("ABC/d"), "abc/d");
}

TEST(GlobTest, PlainText) {
  EXPECT_TRUE(GlobMatches("a", "a"));
  EXPECT_FALSE(GlobMatches("a", "b"));
  EXPECT_FALSE(GlobMatches("a", "ab"));
  EXPECT_FALSE(GlobMatches("ab", "a"));
  EXPECT_FALSE(GlobMatches("A", "a"));
  EXPECT_FALSE(GlobMatches("", "a"));
}

TEST(GlobTest, WithoutSlashTriesTheLastPart) {
  EXPECT_TRUE(GlobMatches("*.json", "a/b/c.json"));
  EXPECT_TRUE(GlobMatches("c.json", "a/b/c.json"));
  EXPECT_FALSE(GlobMatches("a", "a/b"));
}

TEST(GlobTest, StarStaysInItsPart) {
  EXPECT_TRUE(GlobMatches("a/*", "a/b"));
  EXPECT_TRUE(GlobMatches("a/*.t", "a/.t"));
  EXPECT_FALSE(GlobMatches("a/*", "a/b/c"));
  EXPECT_FALSE(GlobMatches("a/*/c", "a/b/d/c"));
  EXPECT_TRUE(GlobMatches("*-of-*.bin", "m-1-of-2.bin"));
}

TEST(GlobTest, DoubleStarCrossesFolders) {
  EXPECT_TRUE(GlobMatches("**", "a/b/c"));
  EXPECT_TRUE(GlobMatches("a/**", "a/b/c"));
  EXPECT_TRUE(GlobMatches("**/c", "a/b/c"));
  EXPECT_TRUE(GlobMatches("**/c", "c"));
  EXPECT_TRUE(GlobMatches("a/**/c", "a/c"));
  EXPECT_TRUE(GlobMatches("a/**/c", "a/x/y/c"));
  EXPECT_FALSE(GlobMatches("a/**/c", "b/x/c"));
}

TEST(GlobTest, QuestionMarkIsOneCharacterButSlash) {
  EXPECT_TRUE(GlobMatches("?", "a"));
  EXPECT_FALSE(GlobMatches("a/?", "a/"));
  EXPECT_FALSE(GlobMatches("a?b", "a/b"));
  EXPECT_FALSE(GlobMatches("x/a?b", "x/a/b"));
}

TEST(GlobTest, Sets) {
  EXPECT_TRUE(GlobMatches("[abc]", "b"));
  EXPECT_FALSE(GlobMatches("[abc]", "d"));
  EXPECT_TRUE(GlobMatches("[a-c]x", "bx"));
  EXPECT_FALSE(GlobMatches("[a-c]", "-"));
  EXPECT_TRUE(GlobMatches("[!a-c]", "d"));
  EXPECT_FALSE(GlobMatches("[!a-c]", "b"));
  EXPECT_TRUE(GlobMatches("[]]", "]"));
  EXPECT_FALSE(GlobMatches("x/[!a]y", "x//y"));
  EXPECT_TRUE(GlobMatches("[a", "[a"));
}

}  // namespace
}  // namespace plumb
