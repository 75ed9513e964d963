#include "client/cli/quantity.h"

#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

TEST(ParseBytes, UnitsAreAsPeopleWriteThem) {
  const std::pair<const char*, uint64_t> kCases[] = {{"0", 0},
                                                     {"4096", 4096},
                                                     {"4096b", 4096},
                                                     {"500k", 500'000},
                                                     {"500K", 500'000},
                                                     {"1.5MB", 1'500'000},
                                                     {"1.5 mb", 1'500'000},
                                                     {"10MiB", 10u << 20},
                                                     {"10Mi", 10u << 20},
                                                     {"2G", 2'000'000'000},
                                                     {".5kib", 512},
                                                     {"1.5MB/s", 1'500'000},
                                                     {" 7 k ", 7000},
                                                     {"1T", 1'000'000'000'000},
                                                     {"18446744073709551615", ~uint64_t{0}}};
  for (const auto& [text, bytes] : kCases) EXPECT_EQ(*ParseBytes(text), bytes) << text;
}

TEST(ParseBytes, NothingElseIsANumberOfBytes) {
  for (const char* text : {"", "-1", "+1", "k", "1x", "1kk", "1.2.3", "1e3", "inf", "nan", "0x10", "1,5M", "20E",
                           "18446744073709551616", "1 0", "1MBps"}) {
    EXPECT_FALSE(ParseBytes(text).ok()) << text;
  }
}

TEST(ParseDuration, UnitsAreAsPeopleWriteThem) {
  const std::pair<const char*, int64_t> kCases[] = {
      {"0", 0},          {"90", 90'000},       {"1.5s", 1500},        {"500ms", 500},     {"2m", 120'000},
      {"2min", 120'000}, {"1h30m", 5'400'000}, {"1h 30m", 5'400'000}, {"1d", 86'400'000}, {"2M", 120'000}};
  for (const auto& [text, ms] : kCases) EXPECT_EQ(ParseDuration(text)->count(), ms) << text;
}

TEST(ParseDuration, NothingElseIsATime) {
  for (const char* text : {"", "-1", "s", "1y", "1.2.3s", "forever", "1h-5m", "400d", "1e9"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(ParseCount, IsNeverLessThanNothing) {
  EXPECT_EQ(*ParseCount("18446744073709551615"), ~uint64_t{0});
  for (const char* text : {"", "-1", "+1", "1.5", "0x10", "18446744073709551616", " 1"}) {
    EXPECT_FALSE(ParseCount(text).ok()) << text;
  }
}

}  // namespace
}  // namespace plumb::cli
