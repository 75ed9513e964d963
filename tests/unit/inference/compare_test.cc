#include "plumb/inference/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace plumb {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
using testing::HasSubstr;

Comparison Compare(const std::vector<float>& expected, const std::vector<float>& actual, uint64_t vocabulary,
                   Tier tier = Tier::kF32) {
  absl::StatusOr<Comparison> result = CompareLogits(expected, actual, vocabulary, ThresholdsFor(tier, 1));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : Comparison{};
}

TEST(CompareTest, EqualLogitsAgreeExactly) {
  Comparison same = Compare({1, 2, 3, -1}, {1, 2, 3, -1}, 2);
  EXPECT_EQ(same.nmse, 0);
  EXPECT_EQ(same.max_kl, 0);
  EXPECT_EQ(same.mean_kl, 0);
  EXPECT_EQ(same.top1_agreement, 1);
  EXPECT_EQ(same.positions, 2);
  EXPECT_EQ(JudgeComparison(same, ThresholdsFor(Tier::kF32, 1)), "");
}

TEST(CompareTest, NmseByHand) {
  // Differences 1 and 0, signal 9 + 16.
  Comparison result = Compare({3, 4}, {2, 4}, 2);
  EXPECT_DOUBLE_EQ(result.nmse, 1.0 / 25);
  EXPECT_DOUBLE_EQ(result.max_delta, 1);
}

TEST(CompareTest, KlByHand) {
  // softmax(0, 0) = (1/2, 1/2); softmax(ln 3, 0) = (3/4, 1/4). KL = 1/2 ln(2/3) + 1/2 ln 2.
  const float ln3 = std::log(3.0f);
  Comparison result = Compare({0, 0, 1, 1}, {ln3, 0, 1, 1}, 2);
  const double expected = 0.5 * std::log(2.0 / 3) + 0.5 * std::log(2.0);
  EXPECT_NEAR(result.max_kl, expected, 1e-7);
  EXPECT_NEAR(result.mean_kl, expected / 2, 1e-7);
}

TEST(CompareTest, KlOfLargeLogitsDoesNotOverflow) {
  Comparison result = Compare({3e38f, -3e38f}, {3e38f, -3e38f}, 2);
  EXPECT_EQ(result.max_kl, 0);
}

TEST(CompareTest, AShiftOfAllLogitsIsNoDivergenceButAnError) {
  Comparison result = Compare({1, 2}, {2, 3}, 2);
  EXPECT_NEAR(result.max_kl, 0, 1e-15);
  EXPECT_GT(result.nmse, 0.1);
}

TEST(CompareTest, ZerosExpectedAndFoundAgree) { EXPECT_EQ(Compare({0, 0}, {0, 0}, 2).nmse, 0); }

TEST(CompareTest, ZerosExpectedAndSomethingFoundIsInfinitelyFar) {
  Comparison result = Compare({0, 0}, {1, 0}, 2);
  EXPECT_EQ(result.nmse, kInf);
  EXPECT_NE(JudgeComparison(result, ThresholdsFor(Tier::kF32, 1)), "");
}

TEST(CompareTest, NanIsBrokenEvenOnBothSides) {
  for (auto [expected, actual] : {std::pair{kNan, 1.0f}, {1.0f, kNan}, {kNan, kNan}}) {
    Comparison result = Compare({expected, 2}, {actual, 2}, 2);
    EXPECT_EQ(result.broken, 1);
    EXPECT_EQ(result.nmse, kInf);
    EXPECT_EQ(result.max_kl, kInf);
    EXPECT_THAT(JudgeComparison(result, ThresholdsFor(Tier::k16Bit, 1)), HasSubstr("1 logits are NaN or infinite"));
  }
}

TEST(CompareTest, InfinitiesMustMatchInSign) {
  EXPECT_EQ(Compare({-kInf, 2}, {-kInf, 2}, 2).broken, 0);
  EXPECT_EQ(Compare({-kInf, 2}, {kInf, 2}, 2).broken, 1);
  EXPECT_EQ(Compare({-kInf, 2}, {0, 2}, 2).broken, 1);
  EXPECT_EQ(Compare({0, 2}, {-kInf, 2}, 2).broken, 1);
}

TEST(CompareTest, MatchingMinusInfinityIsAShareOfZero) {
  Comparison result = Compare({-kInf, 2, 1}, {-kInf, 2, 1}, 3);
  EXPECT_EQ(result.max_kl, 0);
  EXPECT_EQ(JudgeComparison(result, ThresholdsFor(Tier::kF32, 1)), "");
}

TEST(CompareTest, Top1CountsPositions) {
  Comparison result = Compare({1, 0, 1, 0, 1, 0, 1, 0}, {1, 0, 0, 1, 1, 0, 1, 0}, 2);
  EXPECT_DOUBLE_EQ(result.top1_agreement, 0.75);
  EXPECT_EQ(result.decided_flips, 1);
}

TEST(CompareTest, AFlipBelowTheNoiseIsNotDecided) {
  // Noise at NMSE 1e-9 of logits of size 1: 3.2e-5; four times that is 1.3e-4.
  EXPECT_EQ(Compare({1.0f, 1.00005f}, {1.00005f, 1.0f}, 2).decided_flips, 0);
  EXPECT_EQ(Compare({1.0f, 1.0002f}, {1.0002f, 1.0f}, 2).decided_flips, 1);
}

TEST(CompareTest, TheTierDecidesWhatIsNoise) {
  EXPECT_EQ(Compare({1.0f, 1.0002f}, {1.0002f, 1.0f}, 2, Tier::k16Bit).decided_flips, 0);
  EXPECT_EQ(Compare({1.0f, 1.1f}, {1.1f, 1.0f}, 2, Tier::k16Bit).decided_flips, 1);
}

TEST(CompareTest, SizesMustAgree) {
  const Thresholds thresholds = ThresholdsFor(Tier::kF32, 1);
  const std::vector<float> two = {1, 2};
  const std::vector<float> three = {1, 2, 3};
  EXPECT_FALSE(CompareLogits(two, three, 1, thresholds).ok());
  EXPECT_FALSE(CompareLogits(three, three, 2, thresholds).ok());
  EXPECT_FALSE(CompareLogits({}, {}, 2, thresholds).ok());
  EXPECT_FALSE(CompareLogits(two, two, 0, thresholds).ok());
}

TEST(CompareTest, AVocabularyOfOneIsAlwaysSure) {
  EXPECT_EQ(JudgeComparison(Compare({5, 6}, {5, 6}, 1), ThresholdsFor(Tier::kF32, 1)), "");
}

TEST(ThresholdsTest, F32) {
  const Thresholds limits = ThresholdsFor(Tier::kF32, 100);
  EXPECT_EQ(limits.nmse_max, 1e-9);
  EXPECT_EQ(limits.max_kl_max, 1e-6);
}

TEST(ThresholdsTest, SixteenBitGrowsWithLayersBetweenItsBounds) {
  EXPECT_DOUBLE_EQ(ThresholdsFor(Tier::k16Bit, 1).nmse_max, 1e-4);
  EXPECT_DOUBLE_EQ(ThresholdsFor(Tier::k16Bit, 10).nmse_max, 1e-4);
  EXPECT_DOUBLE_EQ(ThresholdsFor(Tier::k16Bit, 50).nmse_max, 5e-4);
  EXPECT_DOUBLE_EQ(ThresholdsFor(Tier::k16Bit, 1000).nmse_max, 1e-3);
  EXPECT_EQ(ThresholdsFor(Tier::k16Bit, 1).mean_kl_max, 1e-2);
  EXPECT_EQ(ThresholdsFor(Tier::k16Bit, 1).top1_min, 0.98);
}

TEST(JudgeTest, EachLimitAtItAndPastIt) {
  const Thresholds limits = {.nmse_max = 1, .max_kl_max = 2, .mean_kl_max = 3, .top1_min = 0.5};
  const Comparison at = {.nmse = 1, .max_kl = 2, .mean_kl = 3, .top1_agreement = 0.5};
  EXPECT_EQ(JudgeComparison(at, limits), "");
  auto judge = [&](auto change) {
    Comparison past = at;
    change(past);
    return JudgeComparison(past, limits);
  };
  EXPECT_THAT(judge([](auto& c) { c.nmse = 1.01; }), HasSubstr("NMSE is 1.01, limit 1"));
  EXPECT_THAT(judge([](auto& c) { c.nmse = kNan; }), HasSubstr("NMSE"));
  EXPECT_THAT(judge([](auto& c) { c.max_kl = 2.01; }), HasSubstr("largest KL divergence is 2.01, limit 2"));
  EXPECT_THAT(judge([](auto& c) { c.mean_kl = 3.01; }), HasSubstr("mean KL divergence is 3.01, limit 3"));
  EXPECT_THAT(judge([](auto& c) { c.top1_agreement = 0.49; }), HasSubstr("top-1 agreement is 0.4900"));
  EXPECT_THAT(judge([](auto& c) { c.decided_flips = 1; }), HasSubstr("most likely token differs at 1 of"));
  EXPECT_THAT(judge([](auto& c) { c.broken = 4; }), HasSubstr("4 logits"));
}

TEST(TierTest, Names) {
  EXPECT_EQ(TierName(Tier::kF32), "f32");
  EXPECT_EQ(TierName(Tier::k16Bit), "16-bit");
}

}  // namespace
}  // namespace plumb
