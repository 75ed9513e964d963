#include "plumb/policy/licence_summary.h"

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(LicenceSummary, SaysWhatIsKnown) {
  EXPECT_EQ(LicenceSummary("Apache-2.0"), "Apache-2.0 (open source)");
  EXPECT_EQ(LicenceSummary("MIT OR Apache-2.0"), "MIT OR Apache-2.0 (open source)");
  EXPECT_EQ(LicenceSummary("CC-BY-NC-4.0"), "CC-BY-NC-4.0 (no commercial use: read its terms)");
  EXPECT_EQ(LicenceSummary("CC-BY-NC-ND-4.0"), "CC-BY-NC-ND-4.0 (no commercial use, no changed versions: read its terms)");
  EXPECT_EQ(LicenceSummary("CC-BY-ND-4.0"), "CC-BY-ND-4.0 (no changed versions: read its terms)");
  EXPECT_EQ(LicenceSummary("LicenseRef-hf-llama3.1"), "LicenseRef-hf-llama3.1 (terms of its maker: read its terms)");
  EXPECT_EQ(LicenceSummary("LicenseRef-hf-creativeml-openrail-m"),
            "LicenseRef-hf-creativeml-openrail-m (rules of use: read its terms)");
  EXPECT_EQ(LicenceSummary("LicenseRef-house"), "LicenseRef-house (a licence of its own: read its terms)");
}

TEST(LicenceSummary, AStricterPartIsNotHiddenByAFreeOne) {
  EXPECT_EQ(LicenceSummary("MIT AND CC-BY-NC-4.0"), "MIT AND CC-BY-NC-4.0 (no commercial use: read its terms)");
}

TEST(LicenceSummary, NoneIsSaidPlainly) { EXPECT_EQ(LicenceSummary("").find("none stated"), 0u); }

TEST(LicenceSummary, WhatIsNoExpressionIsPassedOn) {
  EXPECT_EQ(LicenceSummary("whatever this is"), "whatever this is (not a known licence: read its terms)");
}

}  // namespace
}  // namespace plumb
