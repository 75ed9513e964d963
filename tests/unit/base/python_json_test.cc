#include "plumb/base/python_json.h"

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(PythonJsonTest, NumbersWithoutASpellingAreTexts) {
  const nlohmann::json expected = {{"a", {0.5, "Infinity", "-Infinity"}}, {"b", "NaN"}, {"c", -1}};
  EXPECT_EQ(*ParsePythonJson(R"({"a": [0.5, Infinity, -Infinity], "b":NaN, "c": -1})", "x"), expected);
  EXPECT_EQ(*ParsePythonJson("NaN", "x"), "NaN");
}

TEST(PythonJsonTest, TextsStayAsTheyAre) {
  for (const char* text :
       {R"({"NaN": "Infinity", "a\"NaN": "\\", "b": ["-Infinity", "x NaN y"]})", "[1, true, null]"}) {
    EXPECT_EQ(*ParsePythonJson(text, "x"), nlohmann::json::parse(text)) << text;
  }
}

TEST(PythonJsonTest, EverythingElseIsAsStrict) {
  for (const char* text : {"", "{", "nan", "inf", "+Infinity", "- Infinity", "NaN1", "aNaN", "[NaN NaN]", "\"NaN",
                           "[1,]", "--Infinity", "1Infinity"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParsePythonJson(text, "x").status())) << text;
  }
}

TEST(PythonJsonTest, TheLastOfRepeatedKeysHolds) {
  EXPECT_EQ(*ParsePythonJson(R"({"a": {"x": 1}, "b": 2, "a": {"y": NaN}})", "x"),
            nlohmann::json::parse(R"({"a": {"y": "NaN"}, "b": 2})"));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParsePythonJson(R"({"a": 1, "a": NaN})", "x", RepeatedKeys::kRefused).status()));
}

}  // namespace
}  // namespace plumb
