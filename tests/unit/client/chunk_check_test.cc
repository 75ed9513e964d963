#include "client/library/chunk_check.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using testing::RandomBytes;

constexpr size_t kMiB = 1 << 20;

absl::Status NoProgress(uint64_t) { return absl::OkStatus(); }

class ChunkCheckTest : public ::testing::Test {
 protected:
  std::string Inside(const std::string& name) { return scratch_.path() + "/" + name; }
  UniqueFd Written(const std::string& content) {
    testing::Write(Inside("file"), content);
    return *OpenForReading(Inside("file"));
  }

  ScratchFolder scratch_;
  std::string content_ = RandomBytes(2'500'000, 3);
  ChunkList list_ = testing::ChunksOf(content_);
};

TEST_F(ChunkCheckTest, TellsGoodFromBad) {
  std::string damaged = content_;
  damaged[1'500'000] ^= 1;
  UniqueFd fd = Written(damaged);
  const std::vector<bool> expected = {true, false, true};
  EXPECT_EQ(*CheckEveryChunk(fd.get(), list_, "x", NoProgress), expected);
  EXPECT_EQ(*CheckChunks(fd.get(), list_, "x"), expected);
  Digest whole;
  EXPECT_EQ(*CheckEveryChunkAndWhole(fd.get(), list_, "x", NoProgress, &whole), expected);
  EXPECT_EQ(whole, Sha256Of(damaged));
}

TEST_F(ChunkCheckTest, SeesAShortFile) {
  UniqueFd fd = Written(content_.substr(0, 2'000'000));
  const std::vector<bool> expected = {true, false, false};
  EXPECT_EQ(*CheckEveryChunk(fd.get(), list_, "x", NoProgress), expected);
  EXPECT_EQ(*CheckChunks(fd.get(), list_, "x"), expected);
  Digest whole;
  EXPECT_EQ(*CheckEveryChunkAndWhole(fd.get(), list_, "x", NoProgress, &whole), expected);
}

TEST_F(ChunkCheckTest, EmptyFileHasNoChunks) {
  UniqueFd fd = Written("");
  EXPECT_TRUE(CheckEveryChunk(fd.get(), ChunkList(), "x", NoProgress)->empty());
  EXPECT_EQ(*CheckEveryChunk(fd.get(), list_, "x", NoProgress), std::vector<bool>(3, false));
}

// Several groups, so that all threads work, with chunks that start anywhere within a page.
TEST_F(ChunkCheckTest, EveryFlippedBitOfALargeFileIsFound) {
  std::string content = RandomBytes(80 * kMiB, 5);
  ChunkList list;
  uint32_t size = 1;
  for (size_t at = 0; at < content.size(); at += size) {
    size = static_cast<uint32_t>(std::min<size_t>(content.size() - at, 300'000 + 77 * (at % 9'001)));
    ASSERT_TRUE(list.Append({Sha256Of(std::string_view(content).substr(at, size)), size}).ok());
  }
  std::vector<bool> expected(list.size(), true);
  for (size_t i = 3; i < list.size(); i += 11) {
    content[list.offset(i) + (i % 2 == 0 ? 0 : list.chunks()[i].size_bytes - 1)] ^= 4;
    expected[i] = false;
  }
  UniqueFd fd = Written(content);
  uint64_t seen = 0;
  auto good = CheckEveryChunk(fd.get(), list, "x", [&](uint64_t bytes) {
    seen += bytes;
    return absl::OkStatus();
  });
  EXPECT_EQ(*good, expected);
  EXPECT_EQ(seen, content.size());
}

TEST_F(ChunkCheckTest, AnErrorFromProgressEndsTheWork) {
  std::string content = RandomBytes(100 * kMiB, 6);
  UniqueFd fd = Written(content);
  const ChunkList list = testing::ChunksOf(content);
  int calls = 0;
  auto stopped = CheckEveryChunk(fd.get(), list, "x", [&](uint64_t) {
    ++calls;
    return absl::CancelledError("enough");
  });
  EXPECT_TRUE(absl::IsCancelled(stopped.status()));
  EXPECT_LE(calls, 2);
  Digest whole;
  auto in_order = CheckEveryChunkAndWhole(
      fd.get(), list, "x", [](uint64_t) { return absl::CancelledError("enough"); }, &whole);
  EXPECT_TRUE(absl::IsCancelled(in_order.status()));
}

TEST_F(ChunkCheckTest, AFileShortenedMeanwhileLacksTheRest) {
  const size_t size = 120 * kMiB;
  std::string content(size, '\0');
  for (size_t i = 0; i < size; i += kMiB) content[i] = static_cast<char>(1 + i / kMiB);
  testing::Write(Inside("file"), content);
  UniqueFd fd = *OpenForReading(Inside("file"));
  const ChunkList list = testing::ChunksOf(content);
  auto good = CheckEveryChunk(fd.get(), list, "x", [&](uint64_t) {
    EXPECT_EQ(::truncate(Inside("file").c_str(), 100), 0);
    return absl::OkStatus();
  });
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_FALSE(good->back());
}

TEST_F(ChunkCheckTest, APreallocatedFileHasWhatWasWritten) {
  Directory folder = *Directory::Open(scratch_.path());
  auto fd = folder.OpenForWriting("sparse");
  ASSERT_EQ(::ftruncate(fd->get(), static_cast<off_t>(content_.size())), 0);
  ::fallocate(fd->get(), 0, 0, static_cast<off_t>(content_.size()));
  ASSERT_TRUE(PwriteAll(fd->get(), AsBytes(content_).subspan(kMiB, kMiB), kMiB, "sparse").ok());
  EXPECT_EQ(*CheckChunks(fd->get(), list_, "x"), (std::vector<bool>{false, true, false}));
}

TEST_F(ChunkCheckTest, ChunksOfZerosAreGoodToAVerifierAndMissingToAPull) {
  const std::string zeros(2 * kMiB, '\0');
  testing::Write(Inside("file"), "");
  ASSERT_EQ(::truncate(Inside("file").c_str(), static_cast<off_t>(zeros.size())), 0);
  UniqueFd fd = *OpenForReading(Inside("file"));
  const ChunkList list = testing::ChunksOf(zeros);
  EXPECT_EQ(*CheckEveryChunk(fd.get(), list, "x", NoProgress), std::vector<bool>(2, true));
  EXPECT_EQ(*CheckChunks(fd.get(), list, "x"), std::vector<bool>(2, false));
}

}  // namespace
}  // namespace plumb
