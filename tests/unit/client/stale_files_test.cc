#include "client/library/stale_files.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "client/library/folder_record.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StaleFilesTest : public ::testing::Test {
 protected:
  // A file as an earlier pull left it, with its chunk list.
  void Pulled(const std::string& path, const std::string& content) {
    files_.push_back(testing::FileOf(path, content));
    ASSERT_TRUE(SaveChunkList(folder_, testing::ChunksOf(content)).ok());
    Put(path, content);
  }
  void Put(const std::string& name, const std::string& content) {
    std::filesystem::path path = scratch_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    testing::Write(path.string(), content);
  }
  StaleFiles Remove() {
    auto stale = RemoveStaleFiles(folder_, files_);
    EXPECT_TRUE(stale.ok()) << stale.status();
    return *std::move(stale);
  }
  bool Exists(const std::string& name) { return std::filesystem::exists(scratch_.path() + "/" + name); }

  ScratchFolder scratch_;
  Directory folder_ = *Directory::Open(scratch_.path());
  std::vector<v1::File> files_;
};

TEST_F(StaleFilesTest, AnUnchangedFileGoesWithItsEmptyFolders) {
  Pulled("a/b/old.bin", testing::RandomBytes(2'000'000, 1));
  StaleFiles stale = Remove();
  EXPECT_THAT(stale.removed, ElementsAre("a/b/old.bin"));
  EXPECT_THAT(stale.kept, IsEmpty());
  EXPECT_FALSE(Exists("a"));
}

TEST_F(StaleFilesTest, AFolderWithSomethingElseStays) {
  Pulled("a/old.bin", "old");
  Put("a/mine.txt", "mine");
  Remove();
  EXPECT_FALSE(Exists("a/old.bin"));
  EXPECT_TRUE(Exists("a/mine.txt"));
}

TEST_F(StaleFilesTest, AChangedFileStays) {
  Pulled("same-size.md", "0123");
  Pulled("longer.md", "0123");
  Put("same-size.md", "0124");
  Put("longer.md", "0123 and mine");
  EXPECT_THAT(Remove().kept, ElementsAre("same-size.md", "longer.md"));
  EXPECT_TRUE(Exists("same-size.md"));
}

TEST_F(StaleFilesTest, WhatCannotBeComparedStays) {
  Pulled("a.bin", "a");
  ASSERT_TRUE(folder_.Remove(ChunkListName(testing::ChunksOf("a").TreeRoot())).ok());
  EXPECT_THAT(Remove().kept, ElementsAre("a.bin"));
}

TEST_F(StaleFilesTest, ALinkIsNotFollowed) {
  ScratchFolder other;
  std::string target = other.Write("old.bin", "old");
  Pulled("old.bin", "old");
  std::filesystem::remove(scratch_.path() + "/old.bin");
  std::filesystem::create_symlink(target, scratch_.path() + "/old.bin");
  EXPECT_THAT(Remove().kept, ElementsAre("old.bin"));
  EXPECT_TRUE(std::filesystem::exists(target));
}

TEST_F(StaleFilesTest, WhatIsGoneIsNoMatter) {
  Pulled("a.bin", "a");
  std::filesystem::remove(scratch_.path() + "/a.bin");
  StaleFiles stale = Remove();
  EXPECT_THAT(stale.removed, IsEmpty());
  EXPECT_THAT(stale.kept, IsEmpty());
}

}  // namespace
}  // namespace plumb
