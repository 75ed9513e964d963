#include "plumb/content/content_defined.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

constexpr size_t kMin = 64 << 10;
constexpr size_t kNormal = 256 << 10;

std::vector<uint8_t> RandomBytes(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; i += 8) {
    uint64_t value = random();
    std::memcpy(bytes.data() + i, &value, std::min<size_t>(8, size - i));
  }
  return bytes;
}

std::vector<uint32_t> Cuts(std::span<const uint8_t> bytes) {
  std::vector<uint32_t> sizes;
  while (!bytes.empty()) {
    sizes.push_back(CutContentDefined(bytes));
    bytes = bytes.subspan(sizes.back());
  }
  return sizes;
}

// The rule as docs/chunk-tree.md states it, hashing each window anew.
class Rule {
 public:
  Rule() {
    uint64_t state = 0;
    for (uint64_t& entry : gear_) {
      state += 0x9e3779b97f4a7c15;
      uint64_t z = state;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      entry = z ^ (z >> 31);
    }
  }

  size_t Cut(std::span<const uint8_t> bytes) const {
    const size_t size = std::min<size_t>(bytes.size(), limits::kChunkBytes);
    for (size_t length = kMin + 1; length < size; ++length) {
      uint64_t hash = 0;
      for (size_t i = length - 64; i < length; ++i) hash = 2 * hash + gear_[bytes[i]];
      if (hash < (length <= kNormal ? uint64_t{1} << 44 : uint64_t{1} << 48)) return length;
    }
    return size;
  }

 private:
  uint64_t gear_[256];
};

TEST(ContentDefinedTest, ShortFilesAreOneChunk) {
  EXPECT_EQ(CutContentDefined({}), 0u);
  const std::vector<uint8_t> bytes = RandomBytes(1, kMin);
  for (size_t size : {size_t{1}, kMin - 1, kMin}) EXPECT_EQ(CutContentDefined(std::span(bytes).first(size)), size);
}

TEST(ContentDefinedTest, FollowsTheStatedRule) {
  const Rule rule;
  const std::vector<uint8_t> bytes = RandomBytes(2, 8 << 20);
  std::span<const uint8_t> rest = bytes;
  while (!rest.empty()) {
    size_t size = rule.Cut(rest);
    ASSERT_EQ(CutContentDefined(rest), size);
    rest = rest.subspan(size);
  }
}

// Cuts that no version of Plumb may change: deduplication against what is stored depends on them.
TEST(ContentDefinedTest, CutsOfTheWorkedExample) {
  std::vector<uint8_t> bytes(3 << 20);
  uint32_t state = 1;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  EXPECT_EQ(Cuts(bytes), (std::vector<uint32_t>{272213, 189286, 361002, 323226, 154615, 280611, 153852, 103034, 331944,
                                                286316, 227376, 311249, 151004}));
}

TEST(ContentDefinedTest, LengthsKeepTheirBounds) {
  const std::vector<uint32_t> sizes = Cuts(RandomBytes(3, 64 << 20));
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    EXPECT_GE(sizes[i], kMin);
    EXPECT_LE(sizes[i], limits::kChunkBytes);
  }
  const size_t average = (64u << 20) / sizes.size();
  EXPECT_GT(average, 200u << 10);
  EXPECT_LT(average, 320u << 10);
}

TEST(ContentDefinedTest, SameByteOverAndOverGivesLongestChunks) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::vector<uint8_t> bytes(limits::kChunkBytes + 1, static_cast<uint8_t>(byte));
    EXPECT_EQ(CutContentDefined(bytes), limits::kChunkBytes) << byte;
  }
}

TEST(ContentDefinedTest, BytesAfterTheLongestChunkDoNotMatter) {
  const std::vector<uint8_t> bytes = RandomBytes(4, 4 << 20);
  for (size_t at = 0; at + (2u << 20) < bytes.size(); at += 100'003) {
    const std::span<const uint8_t> rest = std::span(bytes).subspan(at);
    EXPECT_EQ(CutContentDefined(rest), CutContentDefined(rest.first(limits::kChunkBytes)));
  }
}

}  // namespace
}  // namespace plumb
