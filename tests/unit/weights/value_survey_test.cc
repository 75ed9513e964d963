// Every kernel of this machine against the portable one, bit for bit, and that one against sums in long double.
#include "formats/weights/value_survey.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "plumb/weights/half.h"

namespace plumb::survey {
namespace {

constexpr DType kDTypes[] = {DType::kBF16, DType::kF16, DType::kF32, DType::kF64};

// `values` as the type stores them, after `skew` bytes, so that they lie at any address.
std::vector<uint8_t> Encode(DType dtype, const std::vector<double>& values, size_t skew) {
  std::vector<uint8_t> bytes(skew);
  auto append = [&bytes](auto value) {
    const auto* raw = reinterpret_cast<const uint8_t*>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof value);
  };
  for (double value : values) {
    if (dtype == DType::kBF16) append(FloatToBFloat16(static_cast<float>(value)));
    if (dtype == DType::kF16) append(FloatToHalf(static_cast<float>(value)));
    if (dtype == DType::kF32) append(static_cast<float>(value));
    if (dtype == DType::kF64) append(value);
  }
  return bytes;
}

std::string Bits(const BlockFigures& figures) {
  std::string text;
  for (uint64_t count : {figures.finite, figures.zeros, figures.nans, figures.infinities})
    text += std::to_string(count) + " ";
  for (double value : {figures.min, figures.max, figures.mean, figures.squares})
    text += std::to_string(std::bit_cast<uint64_t>(value)) + " ";
  return text;
}

void ExpectAllKernelsAgree(DType dtype, std::span<const uint8_t> bytes) {
  const std::string expected = Bits(SurveyBlock(kPortable, dtype, bytes));
  for (const Kernel& kernel : Kernels()) {
    EXPECT_EQ(Bits(SurveyBlock(kernel, dtype, bytes)), expected) << kernel.name << " " << DTypeName(dtype);
  }
}

// Lengths around the lanes and the block, and some between.
std::vector<size_t> Lengths(std::mt19937_64* random) {
  std::vector<size_t> lengths;
  for (size_t length = 1; length <= 3 * kLanes + 1; ++length) lengths.push_back(length);
  for (size_t length : {kBlockElements - 1, kBlockElements}) lengths.push_back(length);
  for (int i = 0; i < 20; ++i) lengths.push_back(1 + (*random)() % kBlockElements);
  return lengths;
}

TEST(ValueSurveyTest, KernelsAgreeOnEveryPatternOfBits) {
  std::mt19937_64 random(11);
  for (DType dtype : kDTypes) {
    for (size_t length : Lengths(&random)) {
      // Random bits are values of every size, denormals, zeros, infinities and NaNs of both kinds.
      std::vector<uint8_t> bytes(length * BlockOf(dtype).bytes + 1);
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
      ExpectAllKernelsAgree(dtype, std::span(bytes).subspan(1));
    }
  }
}

TEST(ValueSurveyTest, KernelsAgreeOnWeights) {
  std::mt19937_64 random(12);
  for (DType dtype : kDTypes) {
    for (size_t length : Lengths(&random)) {
      std::normal_distribution<double> normal(0.01, 0.02);
      std::vector<double> values(length);
      for (double& value : values) value = random() % 50 == 0 ? 0.0 : random() % 50 == 1 ? -0.0 : normal(random);
      const std::vector<uint8_t> bytes = Encode(dtype, values, 3);
      ExpectAllKernelsAgree(dtype, std::span(bytes).subspan(3));
    }
  }
}

TEST(ValueSurveyTest, KernelsAgreeWhereverOneValueIsSpecial) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const double specials[] = {
      kInf,  -kInf, std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0, 1e-40, 1e-310, 3e38, -3e38, 1.7e308,
      65504, 5.9e-8};
  for (DType dtype : kDTypes) {
    for (double special : specials) {
      for (size_t at : {0, 1, 7, 15, 16, 36}) {
        std::vector<double> values(37, 0.5);
        values[at] = special;
        std::vector<uint8_t> bytes = Encode(dtype, values, 0);
        ExpectAllKernelsAgree(dtype, bytes);
        BlockFigures figures = SurveyBlock(kPortable, dtype, bytes);
        EXPECT_EQ(figures.finite + figures.nans + figures.infinities, 37u);
        EXPECT_EQ(figures.nans, std::isnan(special) ? 1u : 0u);
        // What is too large for the type is infinite in it.
        EXPECT_GE(figures.infinities, std::isinf(special) ? 1u : 0u);
        EXPECT_GE(figures.zeros, special == 0 ? 1u : 0u);
      }
    }
  }
}

TEST(ValueSurveyTest, FiguresAreThoseOfTheValues) {
  std::mt19937_64 random(13);
  for (double mean : {0.0, 1.0, -300.0}) {
    std::normal_distribution<double> normal(mean, 0.25);
    std::vector<double> values(4001);
    for (double& value : values) value = normal(random);
    const BlockFigures figures = SurveyBlock(kPortable, DType::kF64, Encode(DType::kF64, values, 0));
    long double sum = 0;
    for (double value : values) sum += value;
    const long double expected_mean = sum / static_cast<long double>(values.size());
    long double squares = 0;
    for (double value : values) squares += (value - expected_mean) * (value - expected_mean);
    EXPECT_EQ(figures.finite, values.size());
    EXPECT_EQ(figures.min, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(figures.max, *std::max_element(values.begin(), values.end()));
    EXPECT_NEAR(figures.mean, static_cast<double>(expected_mean), 1e-12);
    EXPECT_NEAR(figures.squares, static_cast<double>(squares), 1e-9);
  }
}

TEST(ValueSurveyTest, AZeroHasNoSign) {
  for (DType dtype : kDTypes) {
    const BlockFigures figures = SurveyBlock(BestKernel(), dtype, Encode(dtype, {-0.0, -0.0}, 0));
    EXPECT_EQ(figures.zeros, 2u);
    EXPECT_FALSE(std::signbit(figures.min));
    EXPECT_FALSE(std::signbit(figures.max));
  }
}

TEST(ValueSurveyTest, DoublesKeepTheirRange) {
  const BlockFigures figures = SurveyBlock(BestKernel(), DType::kF64, Encode(DType::kF64, {1e100, -1e100}, 0));
  EXPECT_EQ(figures.infinities, 0u);
  EXPECT_EQ(figures.max, 1e100);
  EXPECT_NEAR(figures.squares / 2e200, 1, 1e-12);
}

TEST(ValueSurveyTest, OnlyFloatsOfTwoToEightBytesAreSurveyed) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(IsSurveyed(dtype), std::count(std::begin(kDTypes), std::end(kDTypes), dtype) == 1) << DTypeName(dtype);
  }
}

}  // namespace
}  // namespace plumb::survey
