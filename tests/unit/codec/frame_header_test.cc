#include <gtest/gtest.h>

#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

// Codec, plain size, then `rest` bytes.
Bytes Header(uint8_t codec, uint32_t plain_bytes, size_t rest) {
  Bytes frame = {codec, 0, 0, 0, 0};
  for (int i = 0; i < 4; ++i) frame[1 + static_cast<size_t>(i)] = static_cast<uint8_t>(plain_bytes >> (8 * i));
  frame.resize(frame.size() + rest, 7);
  return frame;
}

TEST(FrameHeaderTest, ReadsCodecAndSize) {
  auto header = ParseFrameHeader(Header(2, 0x00012345, 3));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->codec, Codec::kPlanes);
  EXPECT_EQ(header->plain_bytes, 0x12345u);
  EXPECT_EQ(header->header_bytes, 5u);
  EXPECT_FALSE(header->base.has_value());
}

TEST(FrameHeaderTest, ReadsTheBaseOfADifference) {
  auto header = ParseFrameHeader(Header(3, 100, 40));
  ASSERT_TRUE(header.ok()) << header.status();
  ASSERT_TRUE(header->base.has_value());
  EXPECT_EQ(header->base->bytes[0], 7);
  EXPECT_EQ(header->base->bytes[31], 7);
  EXPECT_EQ(header->header_bytes, 37u);
  EXPECT_LE(header->header_bytes, limits::kFrameHeaderBytesMax);
}

TEST(FrameHeaderTest, RefusesWhatNoEncoderWrites) {
  for (size_t size = 0; size < 5; ++size) {
    EXPECT_EQ(ParseFrameHeader(Bytes(size, 0)).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
  EXPECT_FALSE(ParseFrameHeader(Header(4, 10, 10)).ok());
  EXPECT_FALSE(ParseFrameHeader(Header(255, 10, 10)).ok());
  EXPECT_FALSE(ParseFrameHeader(Header(0, 0, 0)).ok());
  EXPECT_FALSE(ParseFrameHeader(Header(3, 100, 31)).ok()) << "the digest is cut off";
  EXPECT_TRUE(ParseFrameHeader(Header(3, 100, 32)).ok());
}

TEST(FrameHeaderTest, PlainSizeIsBounded) {
  EXPECT_TRUE(ParseFrameHeader(Header(1, limits::kChunkBytesMax, 9)).ok());
  EXPECT_FALSE(ParseFrameHeader(Header(1, limits::kChunkBytesMax + 1, 9)).ok());
  EXPECT_FALSE(ParseFrameHeader(Header(1, 0xFFFFFFFF, 9)).ok());
}

TEST(FrameHeaderTest, AFrameIsLittleLargerThanItsPlainBytesAtMost) {
  EXPECT_TRUE(ParseFrameHeader(Header(0, 100, 100 + limits::kFrameHeaderBytesMax - 5)).ok());
  EXPECT_FALSE(ParseFrameHeader(Header(0, 100, 100 + limits::kFrameHeaderBytesMax - 4)).ok());
}

TEST(FrameHeaderTest, ElementsAreRemembered) {
  std::vector<float> weights = testing::Weights(32768);
  std::vector<float> changed = testing::Nudged(weights, 0.01f);
  for (ElementKind kind : {ElementKind::kBf16, ElementKind::kF16, ElementKind::kF32, ElementKind::kF64}) {
    Bytes plain = testing::Stored(changed, kind, 65536);
    Bytes base = testing::Stored(weights, kind, 65536);
    EXPECT_EQ(ElementsOf(testing::Encoded(plain, kind)), kind);
    EXPECT_EQ(ElementsOf(testing::Encoded(plain, kind, &base)), kind);
  }
  FrameEncoder encoder;
  EXPECT_EQ(ElementsOf(encoder.EncodeRaw(Bytes(100))), ElementKind::kBytes);
  EXPECT_EQ(ElementsOf(Header(2, 100, 1)), ElementKind::kBytes) << "kind 7 is not known";
  EXPECT_EQ(ElementsOf(Header(2, 100, 0)), ElementKind::kBytes);
  EXPECT_EQ(ElementsOf({}), ElementKind::kBytes);
}

}  // namespace
}  // namespace plumb
