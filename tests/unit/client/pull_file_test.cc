#include "client/library/pull_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "client/library/folder_record.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using testing::RandomBytes;

class PullFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<PullFile> Prepare(const Cache* cache = nullptr) {
    auto prepared = PullFile::Prepare(folder_, cache, {&file_}, testing::ChunksOf(content_));
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    return *std::move(prepared);
  }
  std::span<const uint8_t> Chunk(size_t i) {
    return AsBytes(content_).subspan(i << 20, std::min<size_t>(1 << 20, content_.size() - (i << 20)));
  }
  // Writes every missing chunk and gives the file its name.
  void Complete(PullFile& file) {
    for (size_t index : file.missing()) ASSERT_TRUE(file.Write(index, 1, Chunk(index)).ok());
    ASSERT_TRUE(file.Finish().ok());
  }
  std::string Found() {
    auto found = ReadFile(scratch_.path() + "/pulled/sub/model.bin", 10'000'000);
    return found.ok() ? *found : "none";
  }

  ScratchFolder scratch_;
  Directory folder_ = *Directory::Create(scratch_.path() + "/pulled");
  Cache cache_ = *Cache::Open(scratch_.path() + "/cache");
  std::string content_ = RandomBytes(3'200'000, 9);
  v1::File file_ = testing::FileOf("sub/model.bin", content_);
};

TEST_F(PullFileTest, ANewFileNeedsEveryChunk) {
  auto file = Prepare();
  EXPECT_EQ(file->missing(), (std::vector<size_t>{0, 1, 2, 3}));
  EXPECT_EQ(file->reused_bytes(), 0u);
  Complete(*file);
  EXPECT_EQ(Found(), content_);
}

TEST_F(PullFileTest, NothingStandsUnderTheNameBeforeFinish) {
  auto file = Prepare();
  for (size_t index : file->missing()) ASSERT_TRUE(file->Write(index, 1, Chunk(index)).ok());
  EXPECT_EQ(Found(), "none");
}

TEST_F(PullFileTest, TheLastWriteSaysSo) {
  auto file = Prepare();
  EXPECT_FALSE(*file->Write(2, 1, Chunk(2)));
  EXPECT_FALSE(*file->Write(0, 1, Chunk(0)));
  EXPECT_FALSE(*file->Write(3, 1, Chunk(3)));
  EXPECT_TRUE(*file->Write(1, 1, Chunk(1)));
}

TEST_F(PullFileTest, AnInterruptedPullGoesOnWithWhatIsThere) {
  ASSERT_TRUE(Prepare()->Write(2, 1, Chunk(2)).ok());
  auto file = Prepare();
  EXPECT_EQ(file->missing(), (std::vector<size_t>{0, 1, 3}));
  EXPECT_EQ(file->reused_bytes(), 1u << 20);
  Complete(*file);
  EXPECT_EQ(Found(), content_);
}

TEST_F(PullFileTest, AWrongChunkInAPartialFileIsFetchedAgain) {
  {
    auto file = Prepare();
    ASSERT_TRUE(file->Write(0, 1, Chunk(0)).ok());
    ASSERT_TRUE(file->Write(1, 1, Chunk(2)).ok());
  }
  EXPECT_EQ(Prepare()->missing(), (std::vector<size_t>{1, 2, 3}));
}

TEST_F(PullFileTest, ACompleteFileNeedsNothing) {
  Complete(*Prepare());
  auto file = Prepare();
  EXPECT_TRUE(file->missing().empty());
  EXPECT_EQ(file->reused_bytes(), content_.size());
  EXPECT_TRUE(file->Finish().ok());
}

TEST_F(PullFileTest, ADamagedFileKeepsItsGoodChunks) {
  Complete(*Prepare());
  std::string damaged = content_;
  damaged[1'500'000] ^= 1;
  testing::Write(scratch_.path() + "/pulled/sub/model.bin", damaged);
  auto file = Prepare();
  EXPECT_EQ(file->missing(), (std::vector<size_t>{1}));
  Complete(*file);
  EXPECT_EQ(Found(), content_);
}

TEST_F(PullFileTest, AnOverlongFileIsCutToSize) {
  testing::Write(scratch_.path() + "/pulled/x", content_ + "more");
  std::filesystem::create_directories(scratch_.path() + "/pulled/sub");
  std::filesystem::rename(scratch_.path() + "/pulled/x", scratch_.path() + "/pulled/sub/model.bin");
  auto file = Prepare();
  EXPECT_TRUE(file->missing().empty());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Found(), content_);
}

TEST_F(PullFileTest, ASecondFolderTakesItFromTheCache) {
  Complete(*Prepare(&cache_));
  std::filesystem::remove(scratch_.path() + "/pulled/sub/model.bin");
  auto file = Prepare(&cache_);
  EXPECT_TRUE(file->missing().empty());
  EXPECT_EQ(Found(), content_);
}

TEST_F(PullFileTest, ADamagedCachedFileIsThrownAway) {
  Complete(*Prepare(&cache_));
  std::filesystem::remove(scratch_.path() + "/pulled/sub/model.bin");
  Digest root = *Digest::FromBytes(file_.tree_root());
  std::string hex = root.ToHex();
  std::string cached = scratch_.path() + "/cache/files/" + hex.substr(0, 2) + "/" + hex;
  ASSERT_EQ(::chmod(cached.c_str(), 0644), 0);
  std::string damaged = content_;
  damaged[5] ^= 1;
  testing::Write(cached, damaged);
  EXPECT_EQ(Prepare(&cache_)->missing().size(), 4u);
  EXPECT_FALSE(cache_.Find(root).ok());
}

TEST_F(PullFileTest, AnEmptyFileIsMade) {
  content_.clear();
  file_ = testing::FileOf("sub/model.bin", content_);
  auto file = Prepare();
  EXPECT_TRUE(file->missing().empty());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Found(), "");
}

// Several files with the same bytes.
class EqualFilesTest : public PullFileTest {
 protected:
  std::unique_ptr<PullFile> PrepareAll(const Cache* cache = nullptr) {
    EqualFiles all;
    for (const v1::File& file : twins_) all.push_back(&file);
    auto prepared = PullFile::Prepare(folder_, cache, all, testing::ChunksOf(content_));
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    return *std::move(prepared);
  }
  std::string PathOf(const std::string& name) const { return scratch_.path() + "/pulled/" + name; }
  void ExpectAllThere() {
    for (const v1::File& file : twins_) {
      auto found = ReadFile(PathOf(file.path()), 10'000'000);
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_TRUE(*found == content_) << file.path();
    }
    EXPECT_TRUE(std::filesystem::is_empty(PathOf(kPartialFolder)));
  }
  void Put(const std::string& name, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(PathOf(name)).parent_path());
    testing::Write(PathOf(name), content);
  }
  std::string Damaged(std::initializer_list<size_t> places) const {
    std::string damaged = content_;
    for (size_t place : places) damaged[place] ^= 1;
    return damaged;
  }

  std::vector<v1::File> twins_ = {testing::FileOf("a/x.bin", content_), testing::FileOf("b/x.bin", content_),
                                  testing::FileOf("x.bin", content_)};
};

TEST_F(EqualFilesTest, AreFetchedOnce) {
  for (const Cache* cache : {static_cast<const Cache*>(nullptr), static_cast<const Cache*>(&cache_)}) {
    auto file = PrepareAll(cache);
    EXPECT_EQ(file->missing().size(), 4u);
    EXPECT_EQ(file->reused_bytes(), 2 * content_.size());
    for (const v1::File& twin : twins_) EXPECT_TRUE(file->IsWanting(twin));
    Complete(*file);
    ExpectAllThere();
    std::filesystem::remove_all(PathOf(""));
    folder_ = *Directory::Create(PathOf(""));
  }
}

TEST_F(EqualFilesTest, OneWholeFileMakesTheOthers) {
  Put("b/x.bin", content_);
  for (const Cache* cache : {static_cast<const Cache*>(nullptr), static_cast<const Cache*>(&cache_)}) {
    auto file = PrepareAll(cache);
    EXPECT_TRUE(file->missing().empty());
    EXPECT_EQ(file->reused_bytes(), 3 * content_.size());
    ASSERT_TRUE(file->Finish().ok());
    ExpectAllThere();
    std::filesystem::remove(PathOf("x.bin"));
  }
}

TEST_F(EqualFilesTest, ADamagedOneIsMendedFromTheGoodOne) {
  Complete(*PrepareAll());
  testing::Write(PathOf("a/x.bin"), Damaged({7}));
  EXPECT_TRUE(PrepareAll()->missing().empty());
  ExpectAllThere();
}

TEST_F(EqualFilesTest, DamagedOnesMendEachOther) {
  Put("a/x.bin", Damaged({7, 1'100'000}));
  Put("b/x.bin", Damaged({7, 2'200'000}));
  auto file = PrepareAll();
  EXPECT_EQ(file->missing(), (std::vector<size_t>{0}));
  Complete(*file);
  ExpectAllThere();
}

TEST_F(EqualFilesTest, APullKilledBetweenTwoNamesFetchesNothingAgain) {
  // All chunks are gathered and one of the names is there: what is left when Finish is cut off.
  {
    auto file = PrepareAll();
    for (size_t index : file->missing()) ASSERT_TRUE(file->Write(index, 1, Chunk(index)).ok());
  }
  {
    auto file = PrepareAll();
    EXPECT_TRUE(file->missing().empty());
  }
  Put("x.bin", content_);
  auto file = PrepareAll();
  EXPECT_TRUE(file->missing().empty());
  ASSERT_TRUE(file->Finish().ok());
  ExpectAllThere();
}

TEST_F(EqualFilesTest, WithoutACacheEveryNameIsAFileOfItsOwn) {
  Complete(*PrepareAll());
  Put("a/x.bin", "changed");
  EXPECT_EQ(*ReadFile(PathOf("b/x.bin"), 10'000'000), content_);
}

TEST_F(EqualFilesTest, EmptyOnesAreMade) {
  content_.clear();
  for (v1::File& file : twins_) file = testing::FileOf(file.path(), content_);
  auto file = PrepareAll();
  EXPECT_TRUE(file->missing().empty());
  ASSERT_TRUE(file->Finish().ok());
  ExpectAllThere();
}

TEST_F(EqualFilesTest, TheOneWithTensorsStandsForAll) {
  twins_[1].add_tensors()->set_name("w");
  EXPECT_EQ(PrepareAll()->file().path(), "b/x.bin");
}

// Where locks do nothing, two pulls may gather the same bytes at once.
TEST_F(EqualFilesTest, APartialFileThatAnotherPullMovedIsNoFailure) {
  auto one = PrepareAll();
  auto other = PrepareAll();
  Complete(*one);
  Complete(*other);
  ExpectAllThere();
}

}  // namespace
}  // namespace plumb
