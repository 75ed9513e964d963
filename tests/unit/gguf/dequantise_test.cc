#include "plumb/gguf/dequantise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "plumb/weights/half.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"

namespace plumb::gguf {
namespace {

class GoldenTest : public testing::TestWithParam<DType> {
 protected:
  SafetensorsFile golden_ = *SafetensorsFile::Open(PLUMB_TEST_DATA "/gguf/dequantised.safetensors");

  std::vector<uint8_t> Blocks() {
    auto bytes = golden_.Bytes(*golden_.header().Find(std::string(DTypeName(GetParam())) + ".blocks"));
    return {bytes.begin(), bytes.end()};
  }
};

// What the `gguf` Python package makes of the same blocks, down to the bit. tests/conformance/make_gguf_cases.py
TEST_P(GoldenTest, EqualsTheReference) {
  const TensorInfo* values = golden_.header().Find(std::string(DTypeName(GetParam())) + ".values");
  ASSERT_NE(values, nullptr);
  std::vector<float> expected(values->size_bytes() / sizeof(float)), found(expected.size());
  ASSERT_TRUE(DecodeToF32(DType::kF32, golden_.Bytes(*values), 0, expected).ok());
  absl::Status status = Dequantise(GetParam(), Blocks(), found);
  ASSERT_TRUE(status.ok()) << status;
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(found[i]), std::bit_cast<uint32_t>(expected[i]))
        << "element " << i << ": " << found[i] << ", expected " << expected[i];
  }
}

TEST_P(GoldenTest, SwappingTwiceChangesNothing) {
  const std::vector<uint8_t> blocks = Blocks();
  std::vector<uint8_t> swapped = blocks;
  SwapBlocks(GetParam(), swapped);
  EXPECT_EQ(swapped == blocks, GetParam() == DType::kMXFP4 || GetParam() == DType::kNVFP4);
  SwapBlocks(GetParam(), swapped);
  EXPECT_EQ(swapped, blocks);
}

std::string NameOf(const testing::TestParamInfo<DType>& test) { return std::string(DTypeName(test.param)); }

INSTANTIATE_TEST_SUITE_P(All, GoldenTest,
                         testing::Values(DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                                         DType::kQ2_K, DType::kQ3_K, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K,
                                         DType::kIQ2_XXS, DType::kIQ2_XS, DType::kIQ3_XXS, DType::kIQ1_S,
                                         DType::kIQ4_NL, DType::kIQ3_S, DType::kIQ2_S, DType::kIQ4_XS, DType::kIQ1_M,
                                         DType::kTQ1_0, DType::kTQ2_0, DType::kMXFP4, DType::kNVFP4),
                         NameOf);

// Every block type there is, also those that the package cannot decode, takes any bytes.
TEST(DequantiseTest, AnyBytesAreBlocks) {
  std::mt19937 random(7);
  for (int i = 0; i < kDTypeCount; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!IsGgmlBlockDType(dtype)) continue;
    const DTypeBlock block = BlockOf(dtype);
    std::vector<uint8_t> blocks(block.bytes * 64);
    for (uint8_t& byte : blocks) byte = static_cast<uint8_t>(random());
    std::vector<float> out(block.elements * 64);
    EXPECT_TRUE(Dequantise(dtype, blocks, out).ok()) << DTypeName(dtype);
    EXPECT_TRUE(absl::IsInvalidArgument(Dequantise(dtype, blocks, std::span(out).first(out.size() - 1))));
    EXPECT_TRUE(absl::IsInvalidArgument(Dequantise(dtype, std::span(blocks).first(blocks.size() - 1), out)));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Dequantise(DType::kF32, {}, {})));
}

// Scales that are halves show in every element, whatever its code: a finite one gives finite numbers only.
TEST(DequantiseTest, BadBlocksAreThoseWithoutFiniteNumbers) {
  constexpr size_t kBlocks = 4096;
  std::mt19937 random(8);
  for (int i = 0; i < kDTypeCount; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!IsGgmlBlockDType(dtype)) continue;
    const bool hidden =
        dtype == DType::kMXFP4 || dtype == DType::kNVFP4 || dtype == DType::kQ8_1 || dtype == DType::kQ8_K;
    const DTypeBlock block = BlockOf(dtype);
    std::vector<uint8_t> blocks(block.bytes * kBlocks);
    for (uint8_t& byte : blocks) byte = static_cast<uint8_t>(random());
    std::vector<float> out(block.elements * kBlocks);
    ASSERT_TRUE(Dequantise(dtype, blocks, out).ok());
    uint64_t expected = 0;
    for (size_t at = 0; at < out.size(); at += block.elements) {
      const auto first = out.begin() + static_cast<std::ptrdiff_t>(at);
      expected += std::all_of(first, first + block.elements, [](float x) { return std::isfinite(x); }) ? 0 : 1;
    }
    const uint64_t found = CountBadBlocks(dtype, blocks);
    EXPECT_TRUE(hidden || found == expected) << DTypeName(dtype) << ": " << found << ", expected " << expected;
    EXPECT_GT(found, 0u) << DTypeName(dtype);
    EXPECT_LT(found, kBlocks / 2) << DTypeName(dtype);
  }
  EXPECT_EQ(CountBadBlocks(DType::kF32, std::vector<uint8_t>(64, 0xff)), 0u);
}

TEST(DequantiseTest, BadScalesThatDecodeToNumbersAreCounted) {
  std::vector<uint8_t> mxfp4(2 * 17, 0);
  EXPECT_EQ(CountBadBlocks(DType::kMXFP4, mxfp4), 0u);
  mxfp4[0] = 0xfe;
  mxfp4[17] = 0xff;
  EXPECT_EQ(CountBadBlocks(DType::kMXFP4, mxfp4), 1u);
  std::vector<uint8_t> nvfp4(3 * 36, 0);
  nvfp4[3] = 0x7e;
  nvfp4[36 + 3] = 0x7f;
  nvfp4[72 + 4] = 0xff;  // A code, not a scale.
  EXPECT_EQ(CountBadBlocks(DType::kNVFP4, nvfp4), 1u);
  std::vector<uint8_t> q8_k(2 * 292, 0);
  q8_k[2] = 0x80;
  q8_k[3] = 0x7f;
  EXPECT_EQ(CountBadBlocks(DType::kQ8_K, q8_k), 1u);
}

std::vector<uint8_t> WithHalf(float scale, std::vector<uint8_t> rest) {
  const uint16_t half = FloatToHalf(scale);
  rest.insert(rest.begin(), {static_cast<uint8_t>(half), static_cast<uint8_t>(half >> 8)});
  return rest;
}

TEST(DequantiseTest, Q1IsASignForEachElement) {
  std::vector<uint8_t> bits(16);
  bits[0] = 0b101;
  bits[15] = 0x80;
  std::vector<float> out(128);
  ASSERT_TRUE(Dequantise(DType::kQ1_0, WithHalf(0.5f, bits), out).ok());
  EXPECT_EQ(out[0], 0.5f);
  EXPECT_EQ(out[1], -0.5f);
  EXPECT_EQ(out[2], 0.5f);
  EXPECT_EQ(out[126], -0.5f);
  EXPECT_EQ(out[127], 0.5f);
}

TEST(DequantiseTest, Q2IsFourElementsAByte) {
  std::vector<uint8_t> codes(16);
  codes[0] = 0b11'10'01'00;
  std::vector<float> out(64);
  ASSERT_TRUE(Dequantise(DType::kQ2_0, WithHalf(2, codes), out).ok());
  EXPECT_EQ((std::vector<float>{out.begin(), out.begin() + 5}), (std::vector<float>{-2, 0, 2, 4, -2}));
}

TEST(DequantiseTest, Q8_1AndQ8KAreScaledBytes) {
  std::vector<uint8_t> blocks = WithHalf(0.25f, std::vector<uint8_t>(34, 0xff));
  std::vector<float> out(32);
  ASSERT_TRUE(Dequantise(DType::kQ8_1, blocks, out).ok());
  EXPECT_EQ(out, std::vector<float>(32, -0.25f));
  blocks.assign(292, 2);
  const float scale = 3;
  std::memcpy(blocks.data(), &scale, 4);
  out.resize(256);
  ASSERT_TRUE(Dequantise(DType::kQ8_K, blocks, out).ok());
  EXPECT_EQ(out, std::vector<float>(256, 6.0f));
}

}  // namespace
}  // namespace plumb::gguf
