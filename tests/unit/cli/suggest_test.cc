#include "client/cli/suggest.h"

#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("pull", "pull"), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("pul", "pull"), 1u);
  EXPECT_EQ(EditDistance("pulll", "pull"), 1u);
  EXPECT_EQ(EditDistance("bull", "pull"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistance, CountsASwapOnce) { EXPECT_EQ(EditDistance("pubilsh", "publish"), 1u); }

TEST(EditDistance, IsSymmetric) { EXPECT_EQ(EditDistance("verify", "vrfiy"), EditDistance("vrfiy", "verify")); }

TEST(Nearest, FindsATypingError) { EXPECT_EQ(Nearest("pubilsh", {"pull", "publish", "push"}), "publish"); }

TEST(Nearest, FindsAnAbbreviation) { EXPECT_EQ(Nearest("ver", {"version", "verify"}), "version"); }

TEST(Nearest, SuggestsNothingFarAway) { EXPECT_EQ(Nearest("frobnicate", {"pull", "push"}), ""); }

TEST(Nearest, SuggestsNothingForShortWordsThatShareNoLetter) { EXPECT_EQ(Nearest("xy", {"ls"}), ""); }

TEST(Nearest, OfNothing) { EXPECT_EQ(Nearest("", {"pull"}), ""); }

TEST(Nearest, AmongNothing) { EXPECT_EQ(Nearest("pull", {}), ""); }

TEST(Nearest, IgnoresEndlessWords) { EXPECT_EQ(Nearest(std::string(100'000, 'a'), {"pull"}), ""); }

TEST(Nearest, WorksOnFlags) { EXPECT_EQ(Nearest("--inclde", {"--include", "--exclude", "--json"}), "--include"); }

}  // namespace
}  // namespace plumb::cli
