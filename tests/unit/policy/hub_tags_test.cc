#include "plumb/policy/hub_tags.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

std::string Resolve(const std::string& stated, const std::string& name = "") {
  const auto expression = ResolveLicence(stated, name);
  return expression.ok() ? RenderLicenceExpression(*expression) : std::string(Message(expression.status()));
}

TEST(ResolveLicence, MostTagsAreSpdxIdsInLowerCase) {
  EXPECT_EQ(Resolve("apache-2.0"), "Apache-2.0");
  EXPECT_EQ(Resolve("mit"), "MIT");
  EXPECT_EQ(Resolve("cc-by-nc-sa-4.0"), "CC-BY-NC-SA-4.0");
  EXPECT_EQ(Resolve("c-uda"),
            "licence expression \"c-uda\", position 0: unknown licence id \"c-uda\"; did you mean C-UDA-1.0?");
  EXPECT_EQ(Resolve("bsl-1.0"), "BSL-1.0");
  EXPECT_EQ(Resolve("openmdw-1.0"), "OpenMDW-1.0");
}

TEST(ResolveLicence, ExpressionsPassThrough) { EXPECT_EQ(Resolve("mit AND apache-2.0"), "MIT AND Apache-2.0"); }

TEST(ResolveLicence, ModelLicencesBecomeReferences) {
  EXPECT_EQ(Resolve("llama3.1"), "LicenseRef-hf-llama3.1");
  EXPECT_EQ(Resolve("Gemma"), "LicenseRef-hf-gemma");
  EXPECT_EQ(Resolve("openrail++"), "LicenseRef-hf-openrail-plus-plus");
  EXPECT_EQ(Resolve("creativeml-openrail-m"), "LicenseRef-hf-creativeml-openrail-m");
  EXPECT_EQ(Resolve("pddl"), "PDDL-1.0");
  EXPECT_EQ(Resolve("lgpl-lr"), "LGPLLR");
}

TEST(ResolveLicence, FamiliesAreRefusedWithAnExample) {
  for (const char* tag : {"cc", "gpl", "lgpl", "agpl", "bsd", "gfdl", "odbl", "odc-by"}) {
    const auto result = ResolveLicence(tag, "");
    EXPECT_EQ(ErrorClassOf(result.status()), ErrorClass::kPolicy) << tag;
    EXPECT_THAT(Resolve(tag), HasSubstr("names a family")) << tag;
    const std::string text = Resolve(tag);
    const std::string example = text.substr(text.rfind(' ') + 1);
    EXPECT_TRUE(ParseLicenceExpression(example).ok()) << example;
  }
}

TEST(ResolveLicence, OtherNeedsAName) {
  EXPECT_EQ(Resolve("other", "My licence (v2.0)"), "LicenseRef-My-licence-v2.0");
  EXPECT_THAT(Resolve("other"), HasSubstr("expected `license_name`"));
  EXPECT_THAT(Resolve("other", "()"), HasSubstr("expected `license_name`"));
  EXPECT_EQ(Resolve("other", "caf\xc3\xa9 x"), "LicenseRef-caf-x");
}

TEST(ResolveLicence, UnknownIsRefused) {
  EXPECT_THAT(Resolve("unknown"), HasSubstr("state the licence, or none"));
  EXPECT_EQ(ErrorClassOf(ResolveLicence("unknown", "").status()), ErrorClass::kPolicy);
}

TEST(ResolveCardLicence, WhatHubsAcceptIsRecordedWithARemark) {
  const auto resolve = [](const char* stated, const char* name = "") {
    const absl::StatusOr<CardLicence> licence = ResolveCardLicence(stated, name);
    if (!licence.ok()) return std::string("refused");
    return licence->expression.has_value() ? RenderLicenceExpression(*licence->expression) : std::string("none");
  };
  EXPECT_EQ(resolve("mit"), "MIT");
  EXPECT_EQ(resolve("cc"), "LicenseRef-hf-cc");
  EXPECT_EQ(resolve("other"), "LicenseRef-other");
  EXPECT_EQ(resolve("other", "mine v1"), "LicenseRef-mine-v1");
  EXPECT_EQ(resolve("unknown"), "none");
  EXPECT_EQ(resolve("no such thing"), "refused");
  EXPECT_THAT(ResolveCardLicence("gpl", "")->remark, HasSubstr("GPL-3.0-or-later would be one"));
  EXPECT_EQ(ResolveCardLicence("mit", "")->remark, "");
}

}  // namespace
}  // namespace plumb
