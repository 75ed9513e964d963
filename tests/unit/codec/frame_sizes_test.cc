// How small frames get. Sizes do not depend on the machine, so they are checked, with a little room for another
// libzstd.
#include <gtest/gtest.h>

#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"
#include "plumb/content/chunker.h"
#include "plumb/weights/safetensors.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

// Decodes what it encodes, so that nothing here is small because it is wrong. Returns stored size / plain size.
double Ratio(const std::vector<Bytes>& chunks, ElementKind kind, const std::vector<Bytes>* bases = nullptr) {
  FrameEncoder encoder;
  FrameDecoder decoder;
  size_t stored = 0, plain = 0;
  for (size_t i = 0; i < chunks.size(); ++i) {
    std::optional<FrameEncoder::Base> base;
    if (bases != nullptr && (*bases)[i].size() == chunks[i].size()) base = {Digest{}, (*bases)[i]};
    std::span<const uint8_t> frame = encoder.Encode(chunks[i], kind, base);
    bool difference = frame[0] == static_cast<uint8_t>(Codec::kDifference);
    Bytes decoded(chunks[i].size());
    EXPECT_TRUE(decoder.Decode(frame, difference ? base->plain : std::span<const uint8_t>(), decoded).ok());
    EXPECT_TRUE(decoded == chunks[i]);
    stored += frame.size(), plain += chunks[i].size();
  }
  return static_cast<double>(stored) / static_cast<double>(plain);
}

double RatioOfWeights(ElementKind kind, const std::vector<float>& weights, const std::vector<float>* parent = nullptr) {
  std::vector<Bytes> chunks = {testing::Stored(weights, kind, limits::kChunkBytes)};
  if (parent == nullptr) return Ratio(chunks, kind);
  std::vector<Bytes> bases = {testing::Stored(*parent, kind, limits::kChunkBytes)};
  return Ratio(chunks, kind, &bases);
}

class FrameSizesTest : public ::testing::Test {
 protected:
  const std::vector<float> weights_ = testing::Weights(512u << 10);
};

TEST_F(FrameSizesTest, Floats) {
  EXPECT_LE(RatioOfWeights(ElementKind::kBf16, weights_), 0.660);
  EXPECT_LE(RatioOfWeights(ElementKind::kF16, weights_), 0.843);
  EXPECT_LE(RatioOfWeights(ElementKind::kF32, weights_), 0.831);
}

TEST_F(FrameSizesTest, FloatsThatCameFromBf16) {
  std::vector<float> rounded = weights_;
  for (float& value : rounded) value = std::bit_cast<float>(uint32_t{testing::ToBf16(value)} << 16);
  EXPECT_LE(RatioOfWeights(ElementKind::kF32, rounded), 0.331);
  EXPECT_LE(RatioOfWeights(ElementKind::kF16, rounded), 0.665);
}

TEST_F(FrameSizesTest, DifferencesFromAParent) {
  struct Row {
    float change;
    double bf16, f32;
  };
  for (const Row& row :
       {Row{1e-1f, 0.40, 0.70}, Row{1e-2f, 0.19, 0.60}, Row{1e-3f, 0.05, 0.50}, Row{1e-4f, 0.01, 0.39}}) {
    std::vector<float> changed = testing::Nudged(weights_, row.change);
    EXPECT_LE(RatioOfWeights(ElementKind::kBf16, changed, &weights_), row.bf16) << row.change;
    EXPECT_LE(RatioOfWeights(ElementKind::kF32, changed, &weights_), row.f32) << row.change;
  }
}

TEST_F(FrameSizesTest, WhatDoesNotCompressIsStoredRaw) {
  for (ElementKind kind : testing::kAllKinds) {
    EXPECT_EQ(testing::Encoded(testing::RandomBytes(limits::kChunkBytes), kind).size(), limits::kChunkBytes + 5);
  }
}

// A file of the family, cut as a publisher cuts it.
std::vector<Bytes> ChunksOf(const std::string& path) {
  auto file = ReadFile(path, 64 << 20);
  EXPECT_TRUE(file.ok()) << file.status();
  Bytes bytes(file->begin(), file->end());
  auto header = SafetensorsHeader::Parse(bytes, bytes.size());
  EXPECT_TRUE(header.ok()) << header.status();
  std::vector<ByteRange> tensors;
  for (const TensorInfo& tensor : header->tensors()) tensors.push_back({tensor.begin, tensor.end});
  std::vector<Bytes> chunks;
  auto at = bytes.begin();
  for (const PlannedChunk& chunk : PlanChunks(bytes.size(), tensors)) {
    chunks.emplace_back(at, at + chunk.size_bytes);
    at += chunk.size_bytes;
  }
  return chunks;
}

TEST(FamilySizesTest, CheckpointsInBf16WithTheirParents) {
  const std::string kFolder = PLUMB_TEST_DATA "/tiny-shakespeare/step-";
  std::vector<Bytes> first = ChunksOf(kFolder + "0/model.safetensors");
  std::vector<Bytes> second = ChunksOf(kFolder + "1000/model.safetensors");
  std::vector<Bytes> third = ChunksOf(kFolder + "2000/model.safetensors");
  std::vector<Bytes> last = ChunksOf(kFolder + "3000/model-bf16.safetensors");
  EXPECT_LE(Ratio(first, ElementKind::kBf16), 0.660);
  EXPECT_LE(Ratio(second, ElementKind::kBf16, &first), 0.665);
  EXPECT_LE(Ratio(third, ElementKind::kBf16, &second), 0.601);
  EXPECT_LE(Ratio(last, ElementKind::kBf16, &third), 0.489);
}

TEST(FamilySizesTest, ACheckpointInF32) {
  EXPECT_LE(Ratio(ChunksOf(PLUMB_TEST_DATA "/tiny-shakespeare/step-3000/model.safetensors"), ElementKind::kF32), 0.834);
}

}  // namespace
}  // namespace plumb
