#include "plumb/base/json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

void ExpectNotJson(const std::string& text, const std::string& part = "") {
  absl::Status status = ParseJson(text, "the thing").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << text.substr(0, 100);
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr("the thing is not valid JSON"));
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr(part));
}

TEST(JsonTest, AgreesWithTheLibraryOnGoodDocuments) {
  for (const char* text : {"null", "true", " [1, -2, 3.5, 1e3, \"x\"] ", R"({"a":{"b":[{}, [], ""]},"c":null})", "0",
                           "\"\\u00e4\\ud83d\\ude00\"", "18446744073709551615", "[[],[[]],{}]"}) {
    auto parsed = ParseJson(text, "x");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, nlohmann::json::parse(text)) << text;
  }
}

TEST(JsonTest, BrokenDocuments) {
  for (const char* text :
       {"",   " ",   "{",   "}",      "[1,]",    "{\"a\":1,}", "{a:1}", "'a'", "01",      "+1",        ".5",
        "1.", "NaN", "nul", "\"\n\"", "\"\\x\"", "[1 2]",      "{} {}", "1 2", "// c\n1", "/* c */ 1", "[1e999]"}) {
    ExpectNotJson(text);
  }
}

TEST(JsonTest, DuplicateKeys) {
  ExpectNotJson(R"({"a":1,"a":1})", "\"a\" occurs twice");
  ExpectNotJson(R"({"x":[{"a":1,"b":2,"a":3}]})", "\"a\" occurs twice");
  ExpectNotJson(R"({"a":1,"\u0061":2})", "occurs twice");
  EXPECT_TRUE(ParseJson(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})", "x").ok());
}

TEST(JsonTest, DepthAtTheLimitAndOnePast) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ParseJson(nested(limits::kJsonDepthMax), "x").ok());
  ExpectNotJson(nested(limits::kJsonDepthMax + 1), "nested deeper than 64");
  ExpectNotJson(std::string(1'000'000, '['), "nested deeper");
  std::string objects;
  for (size_t i = 0; i <= limits::kJsonDepthMax; ++i) objects += "{\"a\":";
  ExpectNotJson(objects, "nested deeper");
}

TEST(JsonTest, InvalidUtf8) {
  ExpectNotJson("\"\xff\"");
  ExpectNotJson("\"\xc0\xaf\"");
  ExpectNotJson("\"\xed\xa0\x80\"");
  ExpectNotJson("\"\\ud800\"");
  ExpectNotJson("{\"\xff\":1}");
}

TEST(JsonTest, NulEndsNothing) {
  ExpectNotJson(std::string("{}\0", 3), "NUL at byte 2");
  ExpectNotJson(std::string("{}\0{}", 5), "NUL at byte 2");
  ExpectNotJson(std::string("\"a\0b\"", 5), "NUL");
  EXPECT_EQ(ParseJson("\"\\u0000\"", "x")->get<std::string>(), std::string(1, '\0'));
}

TEST(JsonTest, ErrorNamesThePosition) { ExpectNotJson("[1, x]", "at byte 5"); }

}  // namespace
}  // namespace plumb
