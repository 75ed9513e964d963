#include "client/library/hash_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <set>
#include <vector>

#include "plumb/base/limits.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/client/test_files.h"

namespace plumb {
namespace {

using testing::RandomBytes;

class HashFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<HashedFile> Hash(const std::string& content, std::span<const ByteRange> tensors = {},
                                  HashPlan plan = BestHashPlan()) {
    std::string path = scratch_.path() + "/file";
    testing::Write(path, content);
    auto fd = OpenForReading(path);
    read_.assign(content.size(), '\0');
    auto visit = [&](std::span<FileChunk> batch) {
      std::lock_guard lock(mutex_);
      for (const FileChunk& chunk : batch) {
        std::memcpy(read_.data() + chunk.offset, chunk.bytes.get(), chunk.chunk.size_bytes);
        visited_bytes_ += chunk.chunk.size_bytes;
        EXPECT_EQ(chunk.chunk.digest, Sha256Of({chunk.bytes.get(), chunk.chunk.size_bytes}));
      }
      return stop_;
    };
    return HashFile(fd->get(), "file", tensors, &pool_, visit, plan);
  }

  ScratchFolder scratch_;
  transfer::BufferPool pool_{kHashBuffersMin, limits::kChunkBytes};
  std::mutex mutex_;
  std::string read_;
  uint64_t visited_bytes_ = 0;
  absl::Status stop_;
};

struct SizeAndPlan {
  size_t size_bytes;
  HashPlan plan;
};

class HashFileSizeTest : public HashFileTest, public ::testing::WithParamInterface<SizeAndPlan> {};

TEST_P(HashFileSizeTest, AgreesWithHashingInMemory) {
  std::string content = RandomBytes(GetParam().size_bytes, 7);
  for (const std::vector<ByteRange>& tensors :
       {std::vector<ByteRange>(),
        std::vector<ByteRange>{{0, content.size() / 2}, {content.size() / 2, content.size()}}}) {
    auto hashed = Hash(content, tensors, GetParam().plan);
    ASSERT_TRUE(hashed.ok()) << hashed.status();
    EXPECT_EQ(hashed->size_bytes, content.size());
    EXPECT_EQ(hashed->sha256, Sha256Of(content));
    EXPECT_EQ(read_, content);
    for (size_t i = 0; i < hashed->chunks.size(); ++i) {
      const ChunkRef& chunk = hashed->chunks.chunks()[i];
      EXPECT_EQ(chunk.digest, Sha256Of(std::string_view(content).substr(hashed->chunks.offset(i), chunk.size_bytes)));
    }
    EXPECT_EQ(hashed->chunks.file_bytes(), content.size());
  }
}

TEST_F(HashFileTest, WithoutTensorsContentDecidesTheCuts) {
  std::string content = RandomBytes(8'000'000, 3);
  auto before = Hash(content);
  auto after = Hash("a few bytes more" + content);
  ASSERT_TRUE(before.ok() && after.ok());
  std::set<Digest> known;
  for (const ChunkRef& chunk : before->chunks.chunks()) known.insert(chunk.digest);
  size_t fresh = 0;
  for (const ChunkRef& chunk : after->chunks.chunks()) fresh += known.contains(chunk.digest) ? 0 : 1;
  EXPECT_LE(fresh, 2u);
  EXPECT_GT(before->chunks.size(), 8u);
}

TEST_F(HashFileTest, BytesInMemoryAreCutAsFilesAre) {
  std::string content = RandomBytes(5'000'000, 4);
  auto file = Hash(content);
  auto memory = HashBytes(content, &pool_, [&](std::span<FileChunk>) { return absl::OkStatus(); });
  ASSERT_TRUE(file.ok() && memory.ok());
  EXPECT_EQ(file->chunks.chunks(), memory->chunks.chunks());
  EXPECT_EQ(file->sha256, memory->sha256);
}

std::vector<SizeAndPlan> SizesAndPlans() {
  std::vector<SizeAndPlan> all;
  for (HashPlan plan : {HashPlan::kBeside, HashPlan::kApart}) {
    for (size_t size : {size_t{0}, size_t{1}, limits::kChunkBytes - size_t{1}, size_t{limits::kChunkBytes},
                        limits::kChunkBytes + size_t{1}, 40 * limits::kChunkBytes + size_t{5}}) {
      all.push_back({size, plan});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Sizes, HashFileSizeTest, ::testing::ValuesIn(SizesAndPlans()));

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
  const std::string content = RandomBytes(100'000'000, 1);
  for (HashPlan plan : {HashPlan::kBeside, HashPlan::kApart}) {
    visited_bytes_ = 0;
    EXPECT_TRUE(absl::IsCancelled(Hash(content, {}, plan).status()));
    EXPECT_LE(visited_bytes_, 60'000'000u);
  }
}

TEST_F(HashFileTest, AShortenedFileIsNoticed) {
  std::string path = scratch_.path() + "/file";
  testing::Write(path, RandomBytes(90'000'000, 1));
  auto fd = OpenForReading(path);
  std::vector<ByteRange> tensors = {{0, 90'000'000}};
  auto hashed = HashFile(fd->get(), "file", tensors, &pool_, [&](std::span<FileChunk>) {
    EXPECT_EQ(::truncate(path.c_str(), 2'000'000), 0);
    return absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsAborted(hashed.status())) << hashed.status();
}

}  // namespace
}  // namespace plumb
