#include "plumb/base/ignore_rules.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/publish_limits.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

// Whether rules leave out a path; one that ends in a slash is a folder.
bool LeavesOut(const std::string& text, std::string path) {
  IgnoreRules rules;
  EXPECT_TRUE(rules.Add(text, "rules").ok());
  const bool folder = path.ends_with('/');
  if (folder) path.pop_back();
  return rules.LeavesOut(path, folder);
}

// As `git check-ignore` answers.
TEST(IgnoreRulesTest, AsGitReadsThem) {
  const struct {
    const char* rules;
    const char* path;
    bool out;
  } kCases[] = {
      {"*.bin", "a.bin", true},
      {"*.bin", "x/y/a.bin", true},
      {"*.bin", "a.binary", false},
      {"/a.bin", "a.bin", true},
      {"/a.bin", "x/a.bin", false},
      {"x/a.bin", "x/a.bin", true},
      {"x/a.bin", "y/x/a.bin", false},
      {"runs/", "runs/", true},
      {"runs/", "x/runs/", true},
      {"runs/", "runs", false},
      {"**/runs", "x/y/runs/", true},
      {"x/**/z", "x/z", true},
      {"x/**/z", "x/a/b/z", true},
      {"x/**", "x/a", true},
      {"x/**", "x/", false},
      {"x*z", "x/z", false},
      {"a?c", "abc", true},
      {"a[b-d]c", "acc", true},
      {"a[!b-d]c", "acc", false},
      {"a[]]c", "a]c", true},
      {"a[bc", "a[bc", true},
      {"# note", "# note", false},
      {"\\# note", "# note", true},
      {"\\!x", "!x", true},
      {"x  ", "x", true},
      {"x\\ ", "x ", true},
      {"x\r\n", "x", true},
      {"*.bin\n!keep.bin", "keep.bin", false},
      {"!keep.bin\n*.bin", "keep.bin", true},
      {"a**b", "a-x-b", true},
      {"a//b", "a/b", false},
      {"a*//", "a/b", false},
      {"", "x", false},
      {"/", "x", false},
      {"!", "x", false},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(LeavesOut(each.rules, each.path), each.out) << each.rules << " on " << each.path;
  }
}

TEST(IgnoreRulesTest, HostilePatternsEndSoon) {
  const std::string stars = "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
  EXPECT_FALSE(LeavesOut(stars, std::string(200, 'a')));
  std::string folders;
  std::string path;
  for (int i = 0; i < 60; ++i) folders += "**/a/";
  for (int i = 0; i < 400; ++i) path += "a/";
  EXPECT_FALSE(LeavesOut(folders + "b", path + "c"));
}

TEST(IgnoreRulesTest, AtTheLimitsAndPast) {
  IgnoreRules rules;
  std::string text;
  for (size_t i = 0; i < limits::kIgnoreRulesMax; ++i) text += "x\n";
  EXPECT_TRUE(rules.Add(text, "rules").ok());
  EXPECT_TRUE(absl::IsOutOfRange(rules.Add("y", "rules")));
  IgnoreRules one;
  EXPECT_TRUE(one.Add(std::string(limits::kIgnoreRuleBytesMax, 'x'), "rules").ok());
  EXPECT_TRUE(absl::IsOutOfRange(one.Add(std::string(limits::kIgnoreRuleBytesMax + 1, 'x'), "rules")));
}

TEST(IgnoreRulesTest, WhatNoReleaseShouldHold) {
  const IgnoreRules& rules = LeftOutByDefault();
  for (const char* path : {".cache/", ".ipynb_checkpoints/", "x/__pycache__/", ".git/", ".venv/", "wandb/"}) {
    std::string name = path;
    name.pop_back();
    EXPECT_TRUE(rules.LeavesOut(name, true)) << path;
  }
  for (const char* path : {".DS_Store", "x/._model.safetensors", ".env", ".env.local", "a.pyc", "x.swp", "Thumbs.db",
                           "desktop.ini", "#x#", "model.py~"}) {
    EXPECT_TRUE(rules.LeavesOut(path, false)) << path;
  }
  for (const char* path : {".gitattributes", ".gitignore", "model.safetensors", ".env.example", "wandb", "env.json",
                           "runs/events.out.tfevents.1", "x/config.json", "_model.safetensors"}) {
    EXPECT_FALSE(rules.LeavesOut(path, false)) << path;
  }
}

TEST(ListFolderTest, EntersNothingThatIsLeftOut) {
  const fs::path folder = fs::path(testing::TempDir()) / "list-folder";
  fs::remove_all(folder);
  fs::create_directories(folder / ".venv/bin");
  fs::create_directories(folder / "sub");
  // A link that nobody may follow lies where nobody looks.
  fs::create_symlink("/etc/passwd", folder / ".venv/bin/python");
  std::ofstream(folder / "sub/model.bin") << "x";
  std::ofstream(folder / "sub/.DS_Store") << "x";
  absl::StatusOr<Directory> directory = Directory::OpenFollowingLinks(folder);
  ASSERT_TRUE(directory.ok());
  absl::StatusOr<std::vector<DirectoryEntry>> entries = ListModelFolder(*directory);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->front().path, "sub/model.bin");
  EXPECT_FALSE(directory->List(RecordFolders()).ok());
}

}  // namespace
}  // namespace plumb
