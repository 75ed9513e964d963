#include "plumb/gguf/quantise.h"

#include <cmath>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"

namespace plumb::gguf {
namespace {

class QuantiseGoldenTest : public testing::TestWithParam<DType> {};

// What the `gguf` Python package makes of the same values. tests/conformance/make_gguf_cases.py
TEST_P(QuantiseGoldenTest, EqualsTheReference) {
  SafetensorsFile golden = *SafetensorsFile::Open(PLUMB_TEST_DATA "/gguf/quantised.safetensors");
  const TensorInfo* stored = golden.header().Find("values");
  std::vector<float> values(stored->element_count());
  ASSERT_TRUE(DecodeToF32(DType::kF32, golden.Bytes(*stored), 0, values).ok());
  const TensorInfo* info = golden.header().Find(DTypeName(GetParam()));
  ASSERT_NE(info, nullptr);
  std::span<const uint8_t> expected = golden.Bytes(*info);
  auto found = Quantised(GetParam(), values);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), expected.size());
  const size_t block = BlockOf(GetParam()).bytes;
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ((*found)[i], expected[i]) << "block " << i / block << ", byte " << i % block;
  }
}

INSTANTIATE_TEST_SUITE_P(All, QuantiseGoldenTest,
                         testing::Values(DType::kF16, DType::kBF16, DType::kQ8_0, DType::kQ4_0, DType::kQ4_1,
                                         DType::kQ5_0, DType::kQ5_1, DType::kMXFP4, DType::kTQ1_0, DType::kTQ2_0),
                         [](const auto& test) { return std::string(DTypeName(test.param)); });

std::vector<float> Normal(size_t count, float spread) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// Root mean square of the error, relative to that of the values.
double RelativeError(DType dtype, const std::vector<float>& values) {
  auto blocks = Quantised(dtype, values);
  EXPECT_TRUE(blocks.ok()) << blocks.status();
  std::vector<float> back(values.size());
  EXPECT_TRUE(Dequantise(dtype, *blocks, back).ok());
  double error = 0, total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    error += std::pow(back[i] - values[i], 2.0);
    total += std::pow(values[i], 2.0);
  }
  return std::sqrt(error / total);
}

TEST(QuantiseTest, Q4KIsBetterThanQ4_0) {
  for (float spread : {1.0f, 0.02f, 1000.0f}) {
    const std::vector<float> values = Normal(1 << 16, spread);
    const double q4_k = RelativeError(DType::kQ4_K, values);
    EXPECT_LT(q4_k, 0.075) << spread;
    EXPECT_LT(q4_k, 0.9 * RelativeError(DType::kQ4_0, values)) << spread;
  }
}

TEST(QuantiseTest, Q4KOfLinesIsExact) {
  // Scales 1/4 and minima that six bits hold: nothing is lost.
  std::vector<float> values(256);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 16) * 0.25f - 1.0f;
  EXPECT_LT(RelativeError(DType::kQ4_K, values), 2e-3);
}

TEST(QuantiseTest, EdgesOfEveryType) {
  std::vector<std::vector<float>> blocks = {std::vector<float>(256), std::vector<float>(256, 1.0f),
                                            std::vector<float>(256, -2.5f), std::vector<float>(256, 1e-38f),
                                            std::vector<float>(256, 60000.0f)};
  blocks.push_back(std::vector<float>(256));
  blocks.back()[17] = 3;
  for (int i = 0; i < kDTypeCount; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!CanQuantise(dtype) || !IsGgmlBlockDType(dtype)) continue;
    for (const std::vector<float>& values : blocks) {
      auto bytes = Quantised(dtype, values);
      ASSERT_TRUE(bytes.ok()) << DTypeName(dtype);
      std::vector<float> back(256);
      ASSERT_TRUE(Dequantise(dtype, *bytes, back).ok());
      for (size_t j = 0; j < 256; ++j) {
        ASSERT_NEAR(back[j], values[j], std::abs(values[j]) * 0.3 + 1e-6) << DTypeName(dtype) << " element " << j;
      }
    }
  }
}

// Scales beyond the halves cannot be kept, nor need they be; what is made are blocks all the same.
TEST(QuantiseTest, TheEndsOfFloat32AreSafe) {
  const float largest = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
  for (float extreme : {largest, least, 1e-39f, 1e30f}) {
    std::vector<float> values(256);
    for (size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? extreme : i % 3 == 1 ? -extreme : 0;
    for (int i = 0; i < kDTypeCount; ++i) {
      const DType dtype = static_cast<DType>(i);
      if (!CanQuantise(dtype)) continue;
      EXPECT_TRUE(Quantised(dtype, values).ok()) << DTypeName(dtype) << " of " << extreme;
    }
  }
}

TEST(QuantiseTest, RefusesWhatItCannotEncode) {
  std::vector<float> values(256, 1.0f);
  EXPECT_TRUE(absl::IsInvalidArgument(Quantised(DType::kIQ2_S, values).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Quantised(DType::kString, values).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Quantised(DType::kQ4_K, std::span(values).first(255)).status()));
  values[9] = std::numeric_limits<float>::quiet_NaN();
  auto refused = Quantised(DType::kQ8_0, values);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(std::string(Message(refused.status())), testing::HasSubstr("element 9 is nan"));
  EXPECT_TRUE(Quantised(DType::kBF16, values).ok());
}

}  // namespace
}  // namespace plumb::gguf
