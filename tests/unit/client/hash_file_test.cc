#include "client/library/hash_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "plumb/base/limits.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using testing::RandomBytes;

class HashFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<HashedFile> Hash(const std::string& content, std::span<const ByteRange> tensors = {}) {
    std::string path = scratch_.path() + "/file";
    testing::Write(path, content);
    auto fd = OpenForReading(path);
    return HashFile(fd->get(), "file", tensors, [this](uint64_t bytes) {
      advanced_ += bytes;
      return stop_;
    });
  }

  ScratchFolder scratch_;
  uint64_t advanced_ = 0;
  absl::Status stop_;
};

class HashFileSizeTest : public HashFileTest, public ::testing::WithParamInterface<size_t> {};

TEST_P(HashFileSizeTest, AgreesWithHashingInMemory) {
  std::string content = RandomBytes(GetParam(), 7);
  auto hashed = Hash(content);
  ASSERT_TRUE(hashed.ok()) << hashed.status();
  EXPECT_EQ(hashed->size_bytes, content.size());
  EXPECT_EQ(hashed->sha256, Sha256Of(content));
  EXPECT_EQ(hashed->chunks.chunks(), testing::ChunksOf(content).chunks());
  EXPECT_EQ(advanced_, content.size());
}

INSTANTIATE_TEST_SUITE_P(Sizes, HashFileSizeTest,
                         ::testing::Values(0, 1, limits::kChunkBytes - 1, limits::kChunkBytes, limits::kChunkBytes + 1,
                                           12 * limits::kChunkBytes + 5));

TEST_F(HashFileTest, CutsAtTensors) {
  std::vector<ByteRange> tensors = {{100, 200'100}, {200'100, 400'100}};
  auto hashed = Hash(RandomBytes(500'000, 1), tensors);
  ASSERT_TRUE(hashed.ok());
  ASSERT_EQ(hashed->chunks.size(), 4u);
  EXPECT_EQ(hashed->chunks.offset(1), 100u);
  EXPECT_EQ(hashed->chunks.offset(2), 200'100u);
  EXPECT_EQ(hashed->chunks.offset(3), 400'100u);
}

TEST_F(HashFileTest, StopsWhenToldTo) {
  stop_ = absl::CancelledError("enough");
  EXPECT_TRUE(absl::IsCancelled(Hash(RandomBytes(3'000'000, 1)).status()));
  EXPECT_LE(advanced_, limits::kChunkBytes);
}

TEST_F(HashFileTest, AShortenedFileIsNoticed) {
  std::string path = scratch_.path() + "/file";
  testing::Write(path, RandomBytes(5'000'000, 1));
  auto fd = OpenForReading(path);
  auto hashed = HashFile(fd->get(), "file", {}, [&](uint64_t) {
    EXPECT_EQ(::truncate(path.c_str(), 2'000'000), 0);
    return absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsAborted(hashed.status())) << hashed.status();
}

}  // namespace
}  // namespace plumb
