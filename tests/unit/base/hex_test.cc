#include "plumb/base/hex.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

TEST(HexTest, KnownValues) {
  EXPECT_EQ(HexEncode(AsBytes("")), "");
  EXPECT_EQ(HexEncode(AsBytes("foobar")), "666f6f626172");  // RFC 4648 section 10, in lower case.
  EXPECT_EQ(*HexDecode("666F6F626172"), "foobar");
}

TEST(HexTest, EveryByteRoundTrips) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text = HexEncode(AsBytes(std::string(1, static_cast<char>(byte))));
    EXPECT_EQ(text.size(), 2u);
    auto back = HexDecode(text);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, std::string(1, static_cast<char>(byte)));
  }
}

TEST(HexTest, OddLengthIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(HexDecode("a").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(HexDecode("aabbc").status()));
}

TEST(HexTest, OnlyHexadecimalDigitsAreAccepted) {
  const std::string digits = "0123456789abcdefABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    bool legal = digits.find(c) != std::string::npos;
    EXPECT_EQ(HexDecode(std::string(1, c) + "0").ok(), legal) << byte;
    EXPECT_EQ(HexDecode("0" + std::string(1, c)).ok(), legal) << byte;
  }
}

TEST(HexTest, MessageNamesThePosition) {
  EXPECT_THAT(std::string(Message(HexDecode("00g0").status())), testing::HasSubstr("position 2"));
  EXPECT_THAT(std::string(Message(HexDecode("000g").status())), testing::HasSubstr("position 3"));
}

}  // namespace
}  // namespace plumb
