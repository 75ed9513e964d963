#include <gtest/gtest.h>

#include <limits>

#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

// One encoder and one decoder for all, as a server has them: what a chunk leaves behind must not show in the next.
class FrameRoundTripTest : public ::testing::Test {
 protected:
  // Returns the frame.
  Bytes RoundTrip(const Bytes& plain, ElementKind kind, const Bytes* base = nullptr) {
    std::optional<FrameEncoder::Base> with;
    if (base != nullptr) with = {Sha256Of(std::span<const uint8_t>(*base)), *base};
    std::span<const uint8_t> encoded = encoder_.Encode(plain, kind, with);
    Bytes frame(encoded.begin(), encoded.end());
    EXPECT_LE(frame.size(), plain.size() + limits::kFrameHeaderBytesMax);
    auto header = ParseFrameHeader(frame);
    if (!header.ok()) {
      ADD_FAILURE() << header.status();
      return frame;
    }
    EXPECT_EQ(header->plain_bytes, plain.size());
    std::span<const uint8_t> needed;
    if (header->base.has_value()) needed = *base;
    Bytes decoded(plain.size(), 0xAA);
    absl::Status status = decoder_.Decode(frame, needed, decoded);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(decoded == plain);
    return frame;
  }

  void RoundTripAllKinds(const Bytes& plain, const Bytes* base = nullptr) {
    for (ElementKind kind : testing::kAllKinds) {
      SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", bytes " + std::to_string(plain.size()));
      RoundTrip(plain, kind, base);
    }
  }

  FrameEncoder encoder_;
  FrameDecoder decoder_;
};

constexpr size_t kSizes[] = {1,    2,     3,     4,     5,     6,     7,      8,      9,     10,   11,
                             12,   13,    14,    15,    16,    17,    63,     255,    1023,  4095, 4097,
                             8191, 16385, 32767, 65535, 65536, 65537, 131071, 131073, 300007};

TEST_F(FrameRoundTripTest, WeightsOfEverySizeAndKind) {
  std::vector<float> weights = testing::Weights(300007);
  for (size_t size : kSizes) {
    for (ElementKind kind : testing::kAllKinds) RoundTripAllKinds(testing::Stored(weights, kind, size));
  }
}

TEST_F(FrameRoundTripTest, DifferencesOfEverySizeAndKind) {
  std::vector<float> weights = testing::Weights(300007);
  std::vector<float> changed = testing::Nudged(weights, 0.003f);
  for (size_t size : kSizes) {
    for (ElementKind kind : testing::kAllKinds) {
      Bytes base = testing::Stored(weights, kind, size);
      RoundTripAllKinds(testing::Stored(changed, kind, size), &base);
    }
  }
}

TEST_F(FrameRoundTripTest, ContentThatIsNoWeights) {
  for (size_t size : kSizes) {
    RoundTripAllKinds(Bytes(size, 0));
    RoundTripAllKinds(Bytes(size, 0x80));
    RoundTripAllKinds(Bytes(size, 0xFF));
    RoundTripAllKinds(testing::RandomBytes(size));
    RoundTripAllKinds(testing::Text(size));
    Bytes compressed = testing::Encoded(testing::Text(4 * size), ElementKind::kBytes);
    RoundTripAllKinds(compressed);
  }
}

TEST_F(FrameRoundTripTest, UnrelatedAndExtremeBases) {
  for (size_t size : {17u, 4099u, 70001u}) {
    Bytes plain = testing::Text(size);
    for (const Bytes& base : {Bytes(size, 0), Bytes(size, 0xFF), testing::RandomBytes(size), plain}) {
      RoundTripAllKinds(plain, &base);
      RoundTripAllKinds(base, &plain);
    }
  }
}

// Every 16-bit pattern against every kind of neighbour: not-a-numbers, infinities, both zeros, the ends of the order.
TEST_F(FrameRoundTripTest, EveryPatternOfSixteenBits) {
  Bytes plain, base;
  for (uint32_t pattern = 0; pattern < 0x10000; ++pattern) {
    for (uint32_t other : {0x0000u, 0x8000u, 0x7F80u, 0xFFFFu}) {
      plain.insert(plain.end(), {static_cast<uint8_t>(pattern), static_cast<uint8_t>(pattern >> 8)});
      base.insert(base.end(), {static_cast<uint8_t>(other), static_cast<uint8_t>(other >> 8)});
    }
  }
  for (const Bytes* with : {static_cast<const Bytes*>(nullptr), static_cast<const Bytes*>(&base)}) {
    RoundTripAllKinds(plain, with);
  }
}

TEST_F(FrameRoundTripTest, SpecialFloats) {
  std::vector<float> weights = testing::Weights(70000);
  for (size_t i = 0; i < weights.size(); i += 7) {
    constexpr float kSpecial[] = {std::numeric_limits<float>::quiet_NaN(),  std::numeric_limits<float>::infinity(),
                                  -std::numeric_limits<float>::infinity(),  -0.0f,
                                  std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::lowest()};
    weights[i] = kSpecial[i / 7 % std::size(kSpecial)];
  }
  Bytes base = testing::Stored(testing::Weights(70000), ElementKind::kF32, 280000);
  RoundTripAllKinds(testing::Stored(weights, ElementKind::kF32, 280000));
  RoundTripAllKinds(testing::Stored(weights, ElementKind::kF32, 280000), &base);
}

TEST_F(FrameRoundTripTest, WholeChunksAndTheLargest) {
  std::vector<float> weights = testing::Weights(2u << 20);
  std::vector<float> changed = testing::Nudged(weights, 0.001f);
  for (size_t size :
       {size_t{limits::kChunkBytes}, size_t{limits::kChunkBytesMax} - 1, size_t{limits::kChunkBytesMax}}) {
    for (ElementKind kind : {ElementKind::kBytes, ElementKind::kBf16, ElementKind::kF32}) {
      Bytes base = testing::Stored(weights, kind, size);
      RoundTrip(testing::Stored(changed, kind, size), kind);
      RoundTrip(testing::Stored(changed, kind, size), kind, &base);
    }
    RoundTrip(testing::RandomBytes(size), ElementKind::kBf16);
  }
}

TEST_F(FrameRoundTripTest, AHeaderBeforeTensorsIsFoundUnderAnyKind) {
  Bytes plain = testing::Text(600'000);
  Bytes weights = testing::Stored(testing::Weights(50'000), ElementKind::kBf16, 100'000);
  plain.insert(plain.end(), weights.begin(), weights.end());
  EXPECT_LT(RoundTrip(plain, ElementKind::kBf16).size(), plain.size() / 4);
}

TEST_F(FrameRoundTripTest, EveryCodecIsUsed) {
  std::vector<float> weights = testing::Weights(65536);
  Bytes plain = testing::Stored(testing::Nudged(weights, 0.01f), ElementKind::kBf16, 131072);
  Bytes base = testing::Stored(weights, ElementKind::kBf16, 131072);
  EXPECT_EQ(RoundTrip(testing::RandomBytes(131072), ElementKind::kBytes)[0], static_cast<uint8_t>(Codec::kRaw));
  EXPECT_EQ(RoundTrip(testing::Text(131072), ElementKind::kBytes)[0], static_cast<uint8_t>(Codec::kZstd));
  EXPECT_EQ(RoundTrip(plain, ElementKind::kBf16)[0], static_cast<uint8_t>(Codec::kPlanes));
  EXPECT_EQ(RoundTrip(plain, ElementKind::kBf16, &base)[0], static_cast<uint8_t>(Codec::kDifference));
  Bytes unrelated = testing::Stored(testing::Weights(65536, 9), ElementKind::kBf16, 131072);
  EXPECT_EQ(RoundTrip(plain, ElementKind::kBf16, &unrelated)[0], static_cast<uint8_t>(Codec::kPlanes))
      << "a base that does not help is not used";
}

TEST_F(FrameRoundTripTest, ABaseOfAnotherSizeIsNotUsed) {
  Bytes plain(1000, 3), base(999, 3);
  EXPECT_NE(RoundTrip(plain, ElementKind::kBf16, &base)[0], static_cast<uint8_t>(Codec::kDifference));
}

TEST_F(FrameRoundTripTest, RawHoldsThePlainBytes) {
  Bytes plain = testing::Text(1000);
  std::span<const uint8_t> frame = encoder_.EncodeRaw(plain);
  ASSERT_EQ(frame.size(), 1005u);
  EXPECT_TRUE(std::equal(plain.begin(), plain.end(), frame.begin() + 5));
  Bytes decoded(1000);
  EXPECT_TRUE(decoder_.Decode(frame, {}, decoded).ok());
  EXPECT_EQ(decoded, plain);
}

}  // namespace
}  // namespace plumb
