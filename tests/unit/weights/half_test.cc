#include "plumb/weights/half.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(HalfTest, EveryHalfSurvives) {
  for (uint32_t half = 0; half < 65536; ++half) {
    float value = HalfToFloat(static_cast<uint16_t>(half));
    ASSERT_EQ(FloatToHalf(value), half) << std::hex << half;
  }
}

TEST(HalfTest, RoundsToNearestTiesToEven) {
  for (uint32_t half = 0; half < 0x7bff; ++half) {
    // The middle of two neighbours, which double arithmetic finds exactly and float32 can hold.
    float below = HalfToFloat(static_cast<uint16_t>(half)), above = HalfToFloat(static_cast<uint16_t>(half + 1));
    float middle = static_cast<float>((static_cast<double>(below) + above) / 2);
    ASSERT_EQ(FloatToHalf(middle), half + (half & 1)) << half;
    ASSERT_EQ(FloatToHalf(std::nextafterf(middle, 0)), half) << half;
    ASSERT_EQ(FloatToHalf(-std::nextafterf(middle, 1e6f)), 0x8000 + half + 1) << half;
  }
}

TEST(HalfTest, LargeBecomesInfinityAndNansStay) {
  EXPECT_EQ(FloatToHalf(65519.99f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e38f), 0xfc00);
  EXPECT_EQ(FloatToHalf(std::bit_cast<float>(0x7f800001u)) & 0x7c00, 0x7c00);
  EXPECT_NE(FloatToHalf(std::bit_cast<float>(0x7f800001u)) & 0x3ff, 0);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(BFloat16Test, EveryValueSurvivesAndTiesGoToEven) {
  for (uint32_t code = 0; code < 65536; ++code) {
    float value = BFloat16ToFloat(static_cast<uint16_t>(code));
    uint32_t quiet = std::isnan(value) ? code | 64 : code;
    ASSERT_EQ(FloatToBFloat16(value), quiet) << std::hex << code;
  }
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3f808000u)), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_EQ(FloatToBFloat16(std::bit_cast<float>(0x3f818000u)), 0x3f82);
  EXPECT_EQ(FloatToBFloat16(std::numeric_limits<float>::max()), 0x7f80);
}

}  // namespace
}  // namespace plumb
