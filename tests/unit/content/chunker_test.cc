#include "plumb/content/chunker.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

constexpr uint64_t kOwn = 64 << 10;  // From here on a tensor has chunks of its own.
constexpr uint64_t kChunk = limits::kChunkBytes;

std::vector<uint32_t> Sizes(uint64_t file_bytes, std::span<const ByteRange> tensors) {
  std::vector<uint32_t> sizes;
  for (const PlannedChunk& chunk : PlanChunks(file_bytes, tensors)) sizes.push_back(chunk.size_bytes);
  return sizes;
}

std::vector<int32_t> Tensors(uint64_t file_bytes, std::span<const ByteRange> tensors) {
  std::vector<int32_t> indices;
  for (const PlannedChunk& chunk : PlanChunks(file_bytes, tensors)) indices.push_back(chunk.tensor);
  return indices;
}

std::set<uint64_t> Bounds(const std::vector<uint32_t>& sizes) {
  std::set<uint64_t> bounds = {0};
  uint64_t at = 0;
  for (uint32_t size : sizes) bounds.insert(at += size);
  return bounds;
}

// What holds for every plan.
void ExpectPlan(uint64_t file_bytes, const std::vector<uint32_t>& sizes) {
  for (uint32_t size : sizes) {
    EXPECT_GE(size, 1u);
    EXPECT_LE(size, limits::kChunkBytes);
  }
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), uint64_t{0}), file_bytes);
}

TEST(ChunkerTest, EmptyFileHasNoChunks) { EXPECT_TRUE(Sizes(0, {}).empty()); }

TEST(ChunkerTest, WithoutTensorsCutsAreEven) {
  EXPECT_THAT(Sizes(1, {}), testing::ElementsAre(1));
  EXPECT_THAT(Sizes(kChunk, {}), testing::ElementsAre(kChunk));
  EXPECT_THAT(Sizes(kChunk + 1, {}), testing::ElementsAre(kChunk, 1));
  EXPECT_THAT(Sizes(2 * kChunk, {}), testing::ElementsAre(kChunk, kChunk));
}

TEST(ChunkerTest, TensorOf64KibHasItsOwnChunkAndOneByteLessHasNot) {
  const ByteRange own[] = {{100, 100 + kOwn}};
  EXPECT_THAT(Sizes(300 + kOwn, own), testing::ElementsAre(100, kOwn, 200));
  const ByteRange shared[] = {{100, 100 + kOwn - 1}};
  EXPECT_THAT(Sizes(300 + kOwn, shared), testing::ElementsAre(300 + kOwn));
}

TEST(ChunkerTest, LargeTensorIsCutFromItsOwnStart) {
  const ByteRange tensors[] = {{100, 100 + 2 * kChunk + 7}};
  EXPECT_THAT(Sizes(100 + 2 * kChunk + 7, tensors), testing::ElementsAre(100, kChunk, kChunk, 7));
}

TEST(ChunkerTest, SmallTensorsShareChunks) {
  const ByteRange tensors[] = {{100, 200}, {200, 300}, {300, 300 + kOwn}, {300 + kOwn, 310 + kOwn}};
  EXPECT_THAT(Sizes(310 + kOwn, tensors), testing::ElementsAre(300, kOwn, 10));
}

TEST(ChunkerTest, UnusableRangesAreIgnored) {
  const uint64_t size = 10 * kChunk;
  const std::vector<uint32_t> plain = Sizes(size, {});
  EXPECT_EQ(Sizes(size, std::vector<ByteRange>{{5 * kChunk, 3}}), plain);
  EXPECT_EQ(Sizes(size, std::vector<ByteRange>{{5, size + 1}}), plain);
  EXPECT_EQ(Sizes(size, std::vector<ByteRange>{{0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}}), plain);
  std::vector<ByteRange> overlapping = {{kChunk, 3 * kChunk}, {2 * kChunk, 4 * kChunk}};
  EXPECT_EQ(Sizes(size, overlapping), Sizes(size, std::span(overlapping).first(1)));
  std::vector<ByteRange> unsorted = {{5 * kChunk, 6 * kChunk}, {kChunk + 5, 2 * kChunk}};
  EXPECT_EQ(Sizes(size, unsorted), Sizes(size, std::span(unsorted).first(1)));
}

TEST(ChunkerTest, ChunksNameTheirFirstTensor) {
  const ByteRange tensors[] = {
      {100, 200}, {200, 200}, {200, 300}, {300, 300 + 2 * kChunk}, {400 + 2 * kChunk, 410 + 2 * kChunk}};
  EXPECT_THAT(Tensors(500 + 2 * kChunk, tensors), testing::ElementsAre(0, 3, 3, 4));
  EXPECT_THAT(Tensors(500 + 2 * kChunk, std::span(tensors).first(4)), testing::ElementsAre(0, 3, 3, -1));
  EXPECT_THAT(Tensors(2 * kChunk, {}), testing::ElementsAre(-1, -1));
}

TEST(ChunkerTest, SmallTensorThatStraddlesACutIsTheFirstOfBothChunks) {
  const ByteRange tensors[] = {
      {0, 10}, {kChunk - 5, kChunk + 5}, {kChunk + 5, kChunk + 9}, {2 * kChunk, 2 * kChunk + 1}};
  EXPECT_THAT(Tensors(3 * kChunk, tensors), testing::ElementsAre(0, 1, 3));
  EXPECT_THAT(Tensors(3 * kChunk, std::span(tensors).subspan(1)), testing::ElementsAre(0, 0, 2));
}

TEST(ChunkerTest, TensorWithoutBytesIsTheFirstOfNoChunk) {
  const ByteRange tensors[] = {{100, 100}, {100, 200}, {200, 200 + kChunk}, {200 + kChunk, 200 + kChunk}};
  EXPECT_THAT(Tensors(200 + kChunk, tensors), testing::ElementsAre(1, 2));
  EXPECT_THAT(Tensors(300 + kChunk, tensors), testing::ElementsAre(1, 2, -1));
  EXPECT_THAT(Tensors(200, std::span(tensors).first(1)), testing::ElementsAre(-1));
}

TEST(ChunkerTest, ManySmallTensorsArePlannedInLinearTime) {
  constexpr uint64_t kCount = 2'000'000;
  std::vector<ByteRange> tensors;
  for (uint64_t i = 0; i < kCount; ++i) tensors.push_back({16 * i, 16 * i + 16});
  const std::vector<int32_t> indices = Tensors(16 * kCount, tensors);
  ASSERT_EQ(indices.size(), (16 * kCount + kChunk - 1) / kChunk);
  for (size_t i = 0; i < indices.size(); ++i) EXPECT_EQ(indices[i], static_cast<int32_t>(i * kChunk / 16));
}

// What PlannedChunk::tensor says, by looking at every tensor for every chunk.
int32_t FirstTensorIn(std::span<const ByteRange> tensors, uint64_t begin, uint64_t end) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (std::max(tensors[i].begin, begin) < std::min(tensors[i].end, end)) return static_cast<int32_t>(i);
  }
  return -1;
}

std::vector<ByteRange> RandomTensors(std::mt19937_64& random, uint64_t header_bytes) {
  std::vector<ByteRange> tensors;
  uint64_t at = header_bytes;
  for (uint64_t count = random() % 20; count > 0; --count) {
    uint64_t size = random() % 3 == 0 ? random() % 1000 : random() % (3 * kChunk);
    tensors.push_back({at, at + size});
    at += size;
  }
  return tensors;
}

TEST(ChunkerTest, RandomPlansCutAtEveryLargeTensor) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<ByteRange> tensors = RandomTensors(random, random() % 5000);
    uint64_t file_bytes = (tensors.empty() ? 0 : tensors.back().end) + random() % 100;
    std::vector<uint32_t> sizes = Sizes(file_bytes, tensors);
    ExpectPlan(file_bytes, sizes);
    std::set<uint64_t> bounds = Bounds(sizes);
    uint64_t at = 0;
    for (const PlannedChunk& chunk : PlanChunks(file_bytes, tensors)) {
      EXPECT_EQ(chunk.tensor, FirstTensorIn(tensors, at, at + chunk.size_bytes)) << at;
      at += chunk.size_bytes;
    }
    for (const ByteRange& tensor : tensors) {
      if (tensor.end - tensor.begin < kOwn) continue;
      EXPECT_TRUE(bounds.contains(tensor.begin) && bounds.contains(tensor.end)) << tensor.begin;
    }
  }
}

TEST(ChunkerTest, HostileRangesStillGiveAPlan) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    uint64_t file_bytes = random() % (8 * kChunk);
    std::vector<ByteRange> ranges(random() % 10);
    for (ByteRange& range : ranges) range = {random() >> random() % 64, random() >> random() % 64};
    ExpectPlan(file_bytes, Sizes(file_bytes, ranges));
  }
}

// Digests of the chunks that lie inside `range`.
std::vector<Digest> ChunksIn(const std::string& file, std::span<const ByteRange> tensors, const ByteRange& range) {
  std::vector<Digest> digests;
  uint64_t at = 0;
  for (uint32_t size : Sizes(file.size(), tensors)) {
    if (at >= range.begin && at + size <= range.end)
      digests.push_back(Sha256Of(std::string_view(file).substr(at, size)));
    at += size;
  }
  return digests;
}

TEST(ChunkerTest, LongerHeaderLeavesChunksOfLargeTensorsUnchanged) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 10; ++round) {
    std::vector<ByteRange> tensors = RandomTensors(random, 2000);
    std::string file(tensors.empty() ? 2000 : tensors.back().end, '\0');
    for (size_t i = 0; i + 8 <= file.size(); i += 8) {
      uint64_t value = random();
      std::memcpy(file.data() + i, &value, 8);
    }
    const uint64_t inserted = 1 + random() % 100'000;
    std::string longer = std::string(inserted, 'x') + file;
    std::vector<ByteRange> moved = tensors;
    for (ByteRange& tensor : moved) tensor = {tensor.begin + inserted, tensor.end + inserted};
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].end - tensors[i].begin < kOwn) continue;
      std::vector<Digest> before = ChunksIn(file, tensors, tensors[i]);
      EXPECT_EQ(before.size(), (tensors[i].end - tensors[i].begin + kChunk - 1) / kChunk);
      EXPECT_EQ(before, ChunksIn(longer, moved, moved[i])) << i;
    }
  }
}

}  // namespace
}  // namespace plumb
