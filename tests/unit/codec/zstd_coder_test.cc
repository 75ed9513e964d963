#include "formats/codec/zstd_coder.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

TEST(ZstdCoderTest, RoundTrip) {
  ZstdCompressor compressor;
  ZstdDecompressor decompressor;
  for (size_t size : {1u, 100u, 100'000u}) {
    Bytes plain = testing::Text(size), stored, again(size);
    compressor.Compress(plain, 3, &stored);
    ASSERT_FALSE(stored.empty());
    EXPECT_TRUE(decompressor.Decompress(stored, again).ok());
    EXPECT_EQ(again, plain);
  }
}

TEST(ZstdCoderTest, OnlyOneFrameOfTheRightSizeIsRead) {
  ZstdCompressor compressor;
  ZstdDecompressor decompressor;
  Bytes plain = testing::Text(1000), stored, room(1000), small(999), large(1001);
  compressor.Compress(plain, 3, &stored);
  EXPECT_EQ(decompressor.Decompress(stored, small).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(decompressor.Decompress(stored, large).code(), absl::StatusCode::kDataLoss);
  Bytes twice = stored;
  twice.insert(twice.end(), stored.begin(), stored.end());
  EXPECT_EQ(decompressor.Decompress(twice, room).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(decompressor.Decompress({}, room).code(), absl::StatusCode::kDataLoss);
}

TEST(ZstdCoderTest, EstimatesComeFromPieces) {
  ZstdCompressor compressor;
  Bytes random = testing::RandomBytes(100'000), zeros(100'000);
  EXPECT_NEAR(static_cast<double>(compressor.Estimate(random, 1, 3, 4096)), 100'000, 1000);
  EXPECT_LT(compressor.Estimate(zeros, 1, 3, 4096), 2000u);
  EXPECT_LT(compressor.Estimate(std::span(zeros).first(4000), 1, 3, 4096), 100u) << "small input is tried whole";
  EXPECT_EQ(compressor.Estimate({}, 1, 3, 4096), 0u);
}

}  // namespace
}  // namespace plumb
