#include "formats/document/tree.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& yaml) {
  const auto tree = ParseYamlTree(yaml, "x.yaml");
  return tree.ok() ? "accepted" : std::string(Message(tree.status()));
}

TEST(YamlTree, KeepsTheTextOfScalars) {
  const auto tree = ParseYamlTree("a: no\nb: 1.10\nc: \"x y\"\nd: 0x10\n", "x");
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_THAT(tree->keys, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(tree->Find("a")->scalar, "no");
  EXPECT_EQ(tree->Find("b")->scalar, "1.10");
  EXPECT_EQ(tree->Find("c")->scalar, "x y");
  EXPECT_EQ(tree->Find("d")->scalar, "0x10");
  EXPECT_EQ(tree->Find("e"), nullptr);
}

TEST(YamlTree, ReadsNestedListsAndMaps) {
  const auto tree = ParseYamlTree("a: [1, {b: 2}]\nc:\n  - d: 3\n    e: 4\n  -\n", "x");
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(tree->Find("a")->items[1].Find("b")->scalar, "2");
  EXPECT_EQ(tree->Find("c")->items[0].Find("e")->scalar, "4");
  EXPECT_EQ(tree->Find("c")->items[1].kind, Tree::Kind::kNull);
}

TEST(YamlTree, EmptyDocumentIsNull) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n"}) {
    const auto tree = ParseYamlTree(text, "x");
    ASSERT_TRUE(tree.ok()) << text;
    EXPECT_EQ(tree->kind, Tree::Kind::kNull) << text;
  }
}

TEST(YamlTree, RefusesAliases) { EXPECT_THAT(ErrorOf("a: &x 1\nb: *x\n"), HasSubstr("line 2: aliases")); }

TEST(YamlTree, RefusesTheBillionLaughs) {
  EXPECT_THAT(ErrorOf("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n"), HasSubstr("aliases are not allowed"));
}

TEST(YamlTree, RefusesDuplicateKeys) {
  EXPECT_THAT(ErrorOf("a: 1\nb: 2\na: 3\n"), HasSubstr("key \"a\" occurs twice"));
}

TEST(YamlTree, TheSameKeyInTwoMapsIsFine) { EXPECT_EQ(ErrorOf("a: {k: 1}\nb: {k: 2}\n"), "accepted"); }

TEST(YamlTree, RefusesKeysThatAreNotText) {
  EXPECT_THAT(ErrorOf("? [a]\n: 1\n"), HasSubstr("a key must be text"));
  EXPECT_THAT(ErrorOf("? {a: 1}\n: 1\n"), HasSubstr("a key must be text"));
  EXPECT_THAT(ErrorOf("~: 1\n"), HasSubstr("a key must be text"));
}

TEST(YamlTree, DepthAtTheLimitAndOnePast) {
  const std::string at(limits::kJsonDepthMax, '[');
  EXPECT_EQ(ErrorOf(at + std::string(limits::kJsonDepthMax, ']')), "accepted");
  EXPECT_THAT(ErrorOf(at + "[" + std::string(limits::kJsonDepthMax + 1, ']')), HasSubstr("nested deeper than 64"));
}

TEST(YamlTree, VeryDeepInputIsRefusedNotOverflown) {
  EXPECT_NE(ErrorOf(std::string(200'000, '[')), "accepted");
  EXPECT_NE(ErrorOf(std::string(200'000, '{')), "accepted");
}

TEST(YamlTree, NodesAtTheLimitAndOnePast) {
  std::string list = "[";
  for (size_t i = 0; i + 1 < limits::kDocumentNodesMax; ++i) list += "1,";
  EXPECT_EQ(ErrorOf(list + "]"), "accepted");
  EXPECT_THAT(ErrorOf(list + "1]"), HasSubstr("more than 100000 values"));
}

TEST(YamlTree, RefusesASecondDocument) { EXPECT_THAT(ErrorOf("a: 1\n---\nb: 2\n"), HasSubstr("more than one YAML")); }

TEST(YamlTree, RefusesInvalidUtf8) { EXPECT_THAT(ErrorOf("a: \xff\n"), HasSubstr("x.yaml is not valid UTF-8")); }

// yaml-cpp takes a NUL for the end of a token and reads on; what came out was not UTF-8.
TEST(YamlTree, RefusesControlCharacters) {
  for (char c : {'\0', '\x01', '\x08', '\x1b', '\x7f'}) {
    EXPECT_THAT(ErrorOf(std::string("a: 1\nb: x") + c + "y\n"), HasSubstr("line 2: control character"));
  }
  EXPECT_EQ(ErrorOf("a:\t1\r\nb: 2\n"), "accepted");
}

TEST(YamlTree, RefusesEscapesThatAreNotUnicode) {
  EXPECT_THAT(ErrorOf("a: \"\\uD800\"\n"),
              ::testing::AnyOf(HasSubstr("not valid UTF-8"), HasSubstr("invalid unicode")));
}

TEST(YamlTree, SyntaxErrorsSayTheLine) { EXPECT_THAT(ErrorOf("a: 1\nb: [\n"), HasSubstr("line")); }

TEST(JsonTree, AgreesWithYamlOnTheSameDocument) {
  const std::string text = R"({"a":"1","b":[true,"2"],"c":{"d":"x"}})";
  const auto json = ParseJsonTree(text, "x");
  const auto yaml = ParseYamlTree(text, "x");
  ASSERT_TRUE(json.ok());
  ASSERT_TRUE(yaml.ok());
  EXPECT_EQ(RenderTree(*json), RenderTree(*yaml));
}

TEST(JsonTree, RefusesDuplicateKeysAndDepth) {
  EXPECT_FALSE(ParseJsonTree(R"({"a":1,"a":2})", "x").ok());
  EXPECT_FALSE(ParseJsonTree(std::string(65, '[') + std::string(65, ']'), "x").ok());
}

TEST(JsonTree, NodesOnePastTheLimit) {
  std::string list = "[1";
  for (size_t i = 2; i < limits::kDocumentNodesMax; ++i) list += ",1";
  EXPECT_TRUE(ParseJsonTree(list + "]", "x").ok());
  EXPECT_FALSE(ParseJsonTree(list + ",1]", "x").ok());
}

TEST(RenderTree, ScalarsAreBareAndStructuresAreJson) {
  EXPECT_EQ(RenderTree(Tree{.kind = Tree::Kind::kScalar, .scalar = "a b"}), "a b");
  const auto tree = ParseYamlTree("a: [1, ~]\nb: {c: x}\n", "x");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(RenderTree(*tree), R"({"a":["1",null],"b":{"c":"x"}})");
}

}  // namespace
}  // namespace plumb
