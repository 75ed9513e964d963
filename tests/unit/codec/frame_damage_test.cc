#include <gtest/gtest.h>

#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

struct Sample {
  Bytes plain, base, frame;
};

// One frame of each codec, with every mode a plane can have among them.
std::vector<Sample> Samples() {
  std::vector<float> weights = testing::Weights(20'000);
  auto stored = [&](float part, ElementKind kind, size_t size) {
    return testing::Stored(part == 0 ? weights : testing::Nudged(weights, part), kind, size);
  };
  std::vector<Sample> samples;
  samples.push_back({.plain = testing::RandomBytes(300)});
  samples.push_back({.plain = testing::Text(3000)});
  samples.push_back({.plain = stored(0, ElementKind::kBf16, 3001)});
  samples.push_back({.plain = Bytes(2000, 1)});
  for (Sample& sample : samples) sample.frame = testing::Encoded(sample.plain, ElementKind::kBf16);
  for (ElementKind kind : {ElementKind::kBf16, ElementKind::kF32}) {
    Sample sample = {.plain = stored(0.01f, kind, 40'001), .base = stored(0, kind, 40'001)};
    sample.frame = testing::Encoded(sample.plain, kind, &sample.base);
    samples.push_back(std::move(sample));
  }
  Sample sparse = {.plain = stored(0, ElementKind::kBf16, 40'000), .base = stored(0, ElementKind::kBf16, 40'000)};
  for (size_t i = 0; i < 4000; i += 2) sparse.plain[i] ^= 1;
  sparse.frame = testing::Encoded(sparse.plain, ElementKind::kBf16, &sparse.base);
  samples.push_back(std::move(sparse));
  return samples;
}

class FrameDamageTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  // Decodes into memory of exactly the right size, so that a sanitizer sees a step too far. True when `plain` came out.
  bool Reads(const Sample& sample, const Bytes& frame) {
    Bytes exact = frame, decoded(sample.plain.size());
    auto header = ParseFrameHeader(exact);
    std::span<const uint8_t> base;
    if (header.ok() && header->base.has_value()) base = sample.base;
    absl::Status status = decoder_.Decode(exact, base, decoded);
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss) << status;
    return status.ok() && decoded == sample.plain;
  }

  testing::InstructionLimit limit_{GetParam()};
  FrameDecoder decoder_;
};

TEST_P(FrameDamageTest, WholeFramesAreRead) {
  for (const Sample& sample : Samples()) EXPECT_TRUE(Reads(sample, sample.frame));
}

TEST_P(FrameDamageTest, EveryTruncationIsAnError) {
  for (const Sample& sample : Samples()) {
    for (size_t size = 0; size<sample.frame.size(); size += sample.frame.size()> 8000 ? 37 : 1) {
      Bytes cut(sample.frame.begin(), sample.frame.begin() + static_cast<ptrdiff_t>(size));
      Bytes decoded(sample.plain.size());
      bool difference = cut.size() > 0 && cut[0] == static_cast<uint8_t>(Codec::kDifference);
      std::span<const uint8_t> base = difference ? std::span<const uint8_t>(sample.base) : std::span<const uint8_t>();
      EXPECT_EQ(decoder_.Decode(cut, base, decoded).code(), absl::StatusCode::kDataLoss) << size;
    }
  }
}

TEST_P(FrameDamageTest, BytesTooManyAreAnError) {
  for (const Sample& sample : Samples()) {
    for (size_t extra : {1u, 2u, 7u}) {
      Bytes longer = sample.frame;
      longer.resize(longer.size() + extra);
      EXPECT_FALSE(Reads(sample, longer)) << extra;
    }
  }
}

TEST_P(FrameDamageTest, FlippedBitsNeverGiveThePlainBytesAndNeverCrash) {
  for (const Sample& sample : Samples()) {
    const bool difference = sample.frame[0] == static_cast<uint8_t>(Codec::kDifference);
    for (size_t at = 0; at < sample.frame.size(); at += at < 700 ? 1 : 23) {
      if (difference && at >= 5 && at < 37) continue;  // The base's name, which is not what decodes.
      Bytes flipped = sample.frame;
      flipped[at] ^= static_cast<uint8_t>(1u << (at % 8));
      // A zstd frame's flags have bits without a meaning, and a table's phantom neighbour may be any symbol.
      EXPECT_TRUE(!Reads(sample, flipped) || at < 700) << at;
    }
  }
}

TEST_P(FrameDamageTest, RandomPayloadsNeverCrash) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Bytes frame = testing::RandomBytes(10 + seed % 600, seed);
    frame[0] = static_cast<uint8_t>(seed % 4);
    frame[1] = static_cast<uint8_t>(100 + seed % 100);
    frame[2] = static_cast<uint8_t>(seed % 7);
    frame[3] = frame[4] = 0;
    Sample sample = {.plain = Bytes(size_t{frame[1]} + 256 * size_t{frame[2]}), .base = {}, .frame = {}};
    sample.base = sample.plain;
    Reads(sample, frame);
  }
}

TEST_P(FrameDamageTest, TheOutputAndTheBaseMustFit) {
  Sample sample = Samples()[4];
  Bytes decoded(sample.plain.size());
  EXPECT_TRUE(decoder_.Decode(sample.frame, sample.base, decoded).ok());
  EXPECT_FALSE(decoder_.Decode(sample.frame, {}, decoded).ok());
  EXPECT_FALSE(decoder_.Decode(sample.frame, std::span(sample.base).first(sample.base.size() - 1), decoded).ok());
  EXPECT_FALSE(decoder_.Decode(sample.frame, sample.base, std::span(decoded).first(decoded.size() - 1)).ok());
  Bytes raw = Samples()[0].frame;
  EXPECT_FALSE(decoder_.Decode(raw, sample.base, std::span(decoded).first(300)).ok()) << "raw needs no base";
}

// 4 MiB of zeros compress to a few bytes: only as many come out as the frame declares and the caller has room for.
TEST_P(FrameDamageTest, BombsAreRefusedByTheDeclaredSize) {
  for (ElementKind kind : {ElementKind::kBytes, ElementKind::kF32}) {
    Bytes frame = testing::Encoded(Bytes(limits::kChunkBytesMax), kind);
    ASSERT_LT(frame.size(), 600u);
    Bytes small(1000);
    EXPECT_FALSE(decoder_.Decode(frame, {}, small).ok());
    frame[1] = 1000 & 0xFF, frame[2] = 1000 >> 8, frame[3] = 0;
    for (uint8_t codec = 0; codec < 3; ++codec) {
      frame[0] = codec;
      decoder_.Decode(frame, {}, small).IgnoreError();
    }
  }
  // A zstd frame of 4 MiB where 1,000 bytes are declared.
  Bytes zstd = testing::Encoded(testing::Text(100'000), ElementKind::kBytes);
  ASSERT_EQ(zstd[0], static_cast<uint8_t>(Codec::kZstd));
  zstd[1] = 1000 & 0xFF, zstd[2] = 1000 >> 8, zstd[3] = 0;
  zstd.resize(std::min<size_t>(zstd.size(), 1064));
  Bytes small(1000);
  EXPECT_EQ(decoder_.Decode(zstd, {}, small).code(), absl::StatusCode::kDataLoss);
}

INSTANTIATE_TEST_SUITE_P(Kernels, FrameDamageTest, ::testing::ValuesIn(testing::kAllInstructionSets));

}  // namespace
}  // namespace plumb
