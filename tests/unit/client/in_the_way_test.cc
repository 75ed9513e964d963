#include "client/library/in_the_way.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "plumb/base/status.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

class InTheWayTest : public ::testing::Test {
 protected:
  // What is found, as `path: what`.
  std::vector<std::string> Found() {
    v1::Manifest manifest;
    std::vector<std::string> paths;
    for (const auto& [path, content] : release_) {
      *manifest.add_files() = testing::FileOf(path, content);
      paths.push_back(path);
    }
    auto obstacles = FindObstacles(folder_, manifest, paths, owned_, [&](const v1::File& file) {
      return absl::StatusOr<ChunkList>(testing::ChunksOf(release_[file.path()]));
    });
    EXPECT_TRUE(obstacles.ok()) << obstacles.status();
    std::vector<std::string> texts;
    for (const Obstacle& found : *obstacles) texts.push_back(found.path + ": " + found.what);
    return texts;
  }
  void Put(const std::string& name, const std::string& content) {
    std::filesystem::path path = scratch_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    testing::Write(path.string(), content);
  }
  using Texts = std::vector<std::string>;

  ScratchFolder scratch_;
  Directory folder_ = *Directory::Open(scratch_.path());
  std::map<std::string, std::string> release_ = {{"README.md", "theirs"}, {"sub/a.bin", "aa"}, {"sub/b.bin", "bb"}};
  std::set<std::string> owned_;
};

TEST_F(InTheWayTest, OtherFilesAreNot) {
  Put("notes.txt", "mine");
  Put("sub/c.bin", "mine");
  EXPECT_EQ(Found(), Texts());
}

TEST_F(InTheWayTest, OtherBytesUnderTheSameNameAre) {
  Put("README.md", "mine!!");
  Put("sub/a.bin", "a longer one");
  EXPECT_EQ(Found(), (Texts{"README.md: other bytes", "sub/a.bin: other bytes"}));
}

TEST_F(InTheWayTest, TheSameBytesAreNot) {
  Put("README.md", "theirs");
  EXPECT_EQ(Found(), Texts());
}

TEST_F(InTheWayTest, WhatAPullPutThereIsNot) {
  Put("README.md", "damaged");
  owned_ = {"README.md"};
  EXPECT_EQ(Found(), Texts());
}

TEST_F(InTheWayTest, AFileWhereAFolderMustBeIsNamedOnce) {
  Put("sub", "a file");
  EXPECT_EQ(Found(), (Texts{"sub: a file where a folder must be"}));
}

TEST_F(InTheWayTest, AFolderWhereAFileMustBe) {
  Put("README.md/x", "mine");
  EXPECT_EQ(Found(), (Texts{"README.md: a folder"}));
}

TEST_F(InTheWayTest, LinksAreNotFollowed) {
  ScratchFolder other;
  std::filesystem::create_directory_symlink(other.path(), scratch_.path() + "/sub");
  std::filesystem::create_symlink("/dev/null", scratch_.path() + "/README.md");
  EXPECT_EQ(Found(), (Texts{"README.md: a link or a device", "sub: a link"}));
}

TEST_F(InTheWayTest, AnEarlierReleasesFilesMakeRoom) {
  Put("sub", "an earlier release's file");
  Put("README.md/x", "likewise");
  owned_ = {"sub", "README.md/x"};
  EXPECT_EQ(Found(), Texts());
}

TEST(RefuseObstacles, NamesAFewAndCountsTheRest) {
  v1::Manifest manifest;
  std::vector<Obstacle> obstacles(30, {.path = "a.bin", .what = "other bytes", .replaceable = true});
  absl::Status status = RefuseObstacles("./here", manifest, obstacles);
  EXPECT_TRUE(absl::IsAlreadyExists(status));
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("a.bin (other bytes)"));
  EXPECT_THAT(std::string(Message(status)), HasSubstr("and 20 more"));
  EXPECT_TRUE(RefuseObstacles("./here", manifest, {}).ok());
}

}  // namespace
}  // namespace plumb
