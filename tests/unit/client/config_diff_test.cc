#include "plumb/client/config_diff.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

// `key: a -> b` of each change.
std::string Told(const std::vector<ConfigChange>& changes) {
  std::string text;
  for (const ConfigChange& change : changes) {
    text += change.remark.empty() ? change.key + ": " + change.a.value_or("-") + " -> " + change.b.value_or("-")
                                  : change.path + " " + change.remark;
    text += "\n";
  }
  return text;
}

TEST(DiffConfigText, NamesEachKeyThatDiffers) {
  EXPECT_EQ(Told(DiffConfigText("config.json", R"({"a": 1, "rope_theta": 1e4, "old": true, "same": [1, 2]})",
                                R"({"a": 1, "rope_theta": 1e6, "new": "x", "same": [1, 2]})")),
            "old: true -> -\nrope_theta: 10000.0 -> 1000000.0\nnew: - -> \"x\"\n");
}

TEST(DiffConfigText, JoinsTheKeysOfNestedObjects) {
  EXPECT_EQ(Told(DiffConfigText("config.json", R"({"rope_scaling": {"factor": 2.0, "type": "linear"}})",
                                R"({"rope_scaling": {"factor": 4.0, "type": "linear"}})")),
            "rope_scaling.factor: 2.0 -> 4.0\n");
}

TEST(DiffConfigText, AListIsOneValue) {
  EXPECT_EQ(Told(DiffConfigText("config.json", R"({"eos": 1})", R"({"eos": [1, 2]})")), "eos: 1 -> [1,2]\n");
}

TEST(DiffConfigText, SpacesAndTheOrderOfKeysDoNotMatter) {
  EXPECT_EQ(Told(DiffConfigText("config.json", R"({"a":1,"b":2})", "{ \"b\": 2,\n \"a\": 1 }")), "");
}

TEST(DiffConfigText, NullAndAbsentDiffer) {
  EXPECT_EQ(Told(DiffConfigText("config.json", R"({"a": null})", "{}")), "a: null -> -\n");
}

TEST(DiffConfigText, WhatIsNotUnderstoodIsNamedAndNotJudged) {
  const std::string told = Told(DiffConfigText("config.json", "{}", "not json"));
  EXPECT_EQ(told.find("config.json differs; that of B is not understood"), 0u) << told;
  EXPECT_EQ(Told(DiffConfigText("config.json", "not json", "not json")), "");
}

TEST(DiffConfigText, ACardIsComparedByItsFacts) {
  EXPECT_EQ(Told(DiffConfigText("README.md", "---\nlicense: mit\ntags: [a]\n---\n# One\n",
                                "---\nlicense: apache-2.0\ntags: [a]\nlibrary_name: timm\n---\n# Two\n")),
            "license: \"mit\" -> \"apache-2.0\"\nlibrary_name: - -> \"timm\"\n");
}

class DiffConfigsTest : public testing::Test {
 protected:
  static TextReader Reader(std::map<std::string, std::string> files) {
    return [files](const std::string& path) -> absl::StatusOr<std::string> {
      auto found = files.find(path);
      if (found == files.end()) return NotFound(path);
      return found->second;
    };
  }
};

TEST_F(DiffConfigsTest, AFileOnOneSideAloneIsNamed) {
  auto changes =
      DiffConfigs(Reader({{"config.json", "{}"}, {"generation_config.json", "{}"}}), Reader({{"config.json", "{}"}}));
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(Told(*changes), "generation_config.json only in A\n");
}

TEST_F(DiffConfigsTest, AFileThatCannotBeReadStopsNothing) {
  const TextReader bad = [](const std::string& path) -> absl::StatusOr<std::string> {
    return path == "config.json" ? absl::StatusOr<std::string>(InvalidArgument("a link")) : NotFound(path);
  };
  auto changes = DiffConfigs(bad, Reader({{"config.json", "{}"}}));
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ(Told(*changes), "config.json not compared: a link\n");
}

TEST_F(DiffConfigsTest, WrongBytesAreAnError) {
  const TextReader bad = [](const std::string&) -> absl::StatusOr<std::string> {
    return WithErrorClass(DataLoss("x"), ErrorClass::kVerification);
  };
  EXPECT_EQ(ErrorClassOf(DiffConfigs(bad, Reader({})).status()), ErrorClass::kVerification);
}

TEST(ReadFolderText, AtItsLimitAndOnePast) {
  ScratchFolder scratch;
  std::ofstream(scratch.path() + "/config.json") << "0123456789";
  auto folder = Directory::OpenFollowingLinks(scratch.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(*ReadFolderText(*folder, "config.json", 10), "0123456789");
  EXPECT_TRUE(absl::IsResourceExhausted(ReadFolderText(*folder, "config.json", 9).status()));
  EXPECT_TRUE(absl::IsNotFound(ReadFolderText(*folder, "other.json", 9).status()));
}

TEST(ReadFolderText, NeverFollowsALinkOutOfTheFolder) {
  ScratchFolder scratch;
  std::filesystem::create_symlink("/etc/passwd", scratch.path() + "/config.json");
  auto folder = Directory::OpenFollowingLinks(scratch.path());
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_FALSE(ReadFolderText(*folder, "config.json", limits::kConfigBytesMax).ok());
}

}  // namespace
}  // namespace plumb
