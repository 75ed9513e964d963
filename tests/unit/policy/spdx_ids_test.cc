#include "plumb/policy/spdx_ids.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "plumb/policy/spdx.h"

namespace plumb {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

TEST(SpdxIds, TheTableIsComplete) {
  EXPECT_EQ(AllLicences().size(), 734u);
  EXPECT_EQ(AllLicenceExceptions().size(), 79u);
}

TEST(SpdxIds, EveryIdIsFoundInAnyCaseAndIsUnique) {
  std::set<std::string> seen;
  for (const LicenceInfo& info : AllLicences()) {
    const auto found = FindLicence(Lower(info.id));
    ASSERT_TRUE(found.has_value()) << info.id;
    EXPECT_EQ(found->id, info.id);
    EXPECT_TRUE(seen.insert(Lower(info.id)).second) << info.id;
  }
  for (const std::string_view id : AllLicenceExceptions()) {
    EXPECT_EQ(FindLicenceException(Lower(id)), id);
    EXPECT_TRUE(seen.insert(Lower(id)).second) << id;
  }
}

TEST(SpdxIds, EveryIdParsesToItself) {
  for (const LicenceInfo& info : AllLicences()) {
    const auto expression = ParseLicenceExpression(info.id);
    ASSERT_TRUE(expression.ok()) << expression.status();
    EXPECT_EQ(RenderLicenceExpression(*expression), info.id);
  }
  for (const std::string_view id : AllLicenceExceptions()) {
    const std::string text = "MIT WITH " + std::string(id);
    const auto expression = ParseLicenceExpression(text);
    ASSERT_TRUE(expression.ok()) << expression.status();
    EXPECT_EQ(RenderLicenceExpression(*expression), text);
  }
}

TEST(SpdxIds, EveryFlagNamesAListedId) {
  size_t osi = 0, fsf = 0, deprecated = 0;
  for (const LicenceInfo& info : AllLicences()) {
    osi += info.osi_approved;
    fsf += info.fsf_libre;
    deprecated += info.deprecated;
  }
  EXPECT_EQ(osi, 144u);
  EXPECT_EQ(fsf, 121u);
  EXPECT_EQ(deprecated, 26u);
}

TEST(SpdxIds, FlagsOfWellKnownLicences) {
  EXPECT_TRUE(FindLicence("Apache-2.0")->osi_approved);
  EXPECT_TRUE(FindLicence("Apache-2.0")->fsf_libre);
  EXPECT_TRUE(FindLicence("CC0-1.0")->fsf_libre);
  EXPECT_FALSE(FindLicence("CC0-1.0")->osi_approved);
  EXPECT_FALSE(FindLicence("CC-BY-NC-4.0")->fsf_libre);
  EXPECT_FALSE(FindLicence("BUSL-1.1")->osi_approved);
  EXPECT_FALSE(FindLicence("SSPL-1.0")->osi_approved);
  EXPECT_TRUE(FindLicence("GPL-3.0")->deprecated);
  EXPECT_FALSE(FindLicence("GPL-3.0-only")->deprecated);
}

TEST(SpdxIds, WhatIsNotListed) {
  for (const char* id : {"", "Apache", "Apache-2.0 ", "LLVM-exception", "LicenseRef-x", "GPL-2.0+"}) {
    EXPECT_FALSE(FindLicence(id).has_value()) << id;
  }
  EXPECT_FALSE(FindLicenceException("MIT").has_value());
}

TEST(SpdxIds, NearestOfHopelessTextIsEmpty) {
  EXPECT_EQ(NearestLicence(std::string(1000, 'q')), "");
  EXPECT_EQ(NearestLicence("zzzzzzzzzzzz"), "");
}

}  // namespace
}  // namespace plumb
