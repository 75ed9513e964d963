#include "plumb/client/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using testing::RandomBytes;

class CacheTest : public ::testing::Test {
 protected:
  Digest Add(const std::string& content) {
    std::string path = scratch_.path() + "/source";
    std::filesystem::remove(path);
    testing::Write(path, content);
    UniqueFd fd(*OpenForReading(path));
    Digest root = testing::ChunksOf(content).TreeRoot();
    EXPECT_TRUE(cache_.Add(fd.get(), content.size(), root).ok());
    return root;
  }
  std::string Read(const Digest& root) {
    auto fd = cache_.Find(root);
    if (!fd.ok()) return "none";
    std::string content(*FileSize(fd->get(), ""), '\0');
    EXPECT_TRUE(PreadExactly(fd->get(), {reinterpret_cast<uint8_t*>(content.data()), content.size()}, 0, "").ok());
    return content;
  }

  ScratchFolder scratch_;
  Cache cache_ = *Cache::Open(scratch_.path() + "/cache");
};

TEST_F(CacheTest, GivesBackWhatWasAdded) {
  for (size_t size : {size_t{0}, size_t{10}, size_t{kHardLinkBytesMin}, size_t{kHardLinkBytesMin + 1}}) {
    std::string content = RandomBytes(size, static_cast<unsigned>(size));
    EXPECT_EQ(Read(Add(content)), content);
  }
}

TEST_F(CacheTest, AddingTwiceIsFine) {
  Digest root = Add("same");
  EXPECT_EQ(Add("same"), root);
  EXPECT_EQ(cache_.Usage()->files, 1u);
}

TEST_F(CacheTest, KnowsWhatItLacks) { EXPECT_TRUE(absl::IsNotFound(cache_.Find(Sha256Of("nothing")).status())); }

TEST_F(CacheTest, ForgetsAFile) {
  Digest root = Add("content");
  ASSERT_TRUE(cache_.Remove(root).ok());
  EXPECT_FALSE(cache_.Find(root).ok());
  EXPECT_TRUE(cache_.Remove(root).ok());
}

TEST_F(CacheTest, ASmallFileIsCopiedSoThatItCanBeEdited) {
  Digest root = Add("small");
  testing::Write(scratch_.path() + "/source", "EDITED");
  EXPECT_EQ(Read(root), "small");
}

TEST_F(CacheTest, ALargeSharedFileIsReadOnlyOrItsOwnCopy) {
  Add(RandomBytes(kHardLinkBytesMin, 1));
  struct stat info {};
  ASSERT_EQ(::stat((scratch_.path() + "/source").c_str(), &info), 0);
  if (info.st_nlink > 1) {
    EXPECT_EQ(info.st_mode & 0222, 0u);
  }
}

TEST_F(CacheTest, PruneTakesWhatIsOldEnough) {
  Add("one");
  Add("two");
  EXPECT_EQ(cache_.Prune(3600)->files, 0u);
  EXPECT_EQ(cache_.Usage()->files, 2u);
  auto gone = cache_.Prune(0);
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->files, 2u);
  EXPECT_EQ(gone->bytes, 6u);
  EXPECT_EQ(cache_.Usage()->files, 0u);
}

TEST_F(CacheTest, PruneTakesPulledReleases) {
  std::filesystem::create_directories(cache_.ReleasePath(Sha256Of("r")) + "/.plumb");
  EXPECT_EQ(cache_.Usage()->releases, 1u);
  EXPECT_EQ(cache_.Prune(0)->releases, 1u);
  EXPECT_FALSE(std::filesystem::exists(cache_.ReleasePath(Sha256Of("r"))));
}

}  // namespace
}  // namespace plumb
