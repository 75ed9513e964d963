#include "plumb/policy/spdx.h"

#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/policy/spdx_ids.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The canonical form, or the error.
std::string Canonical(const std::string& text) {
  const auto expression = ParseLicenceExpression(text);
  return expression.ok() ? RenderLicenceExpression(*expression) : std::string(Message(expression.status()));
}

TEST(Spdx, SimpleIds) {
  EXPECT_EQ(Canonical("Apache-2.0"), "Apache-2.0");
  EXPECT_EQ(Canonical("  MIT\t"), "MIT");
  EXPECT_EQ(Canonical("0BSD"), "0BSD");
}

TEST(Spdx, IdsAreMatchedWithoutCase) {
  EXPECT_EQ(Canonical("apache-2.0"), "Apache-2.0");
  EXPECT_EQ(Canonical("mit OR CC-by-Sa-4.0"), "MIT OR CC-BY-SA-4.0");
  EXPECT_EQ(Canonical("gpl-2.0-ONLY WITH classpath-EXCEPTION-2.0"), "GPL-2.0-only WITH Classpath-exception-2.0");
}

TEST(Spdx, OperatorsAreAllUpperOrAllLower) {
  EXPECT_EQ(Canonical("MIT or ISC and Zlib"), "MIT OR ISC AND Zlib");
  EXPECT_EQ(Canonical("GPL-2.0-only with LLVM-exception"), "GPL-2.0-only WITH LLVM-exception");
  EXPECT_THAT(Canonical("MIT Or ISC"), HasSubstr("position 4: unexpected \"Or\""));
}

TEST(Spdx, AndBindsTighterThanOr) {
  const auto expression = ParseLicenceExpression("MIT OR ISC AND Zlib");
  ASSERT_TRUE(expression.ok());
  ASSERT_EQ(expression->kind, LicenceExpression::Kind::kOr);
  ASSERT_EQ(expression->operands.size(), 2u);
  EXPECT_EQ(expression->operands[0].term.id, "MIT");
  EXPECT_EQ(expression->operands[1].kind, LicenceExpression::Kind::kAnd);
}

TEST(Spdx, WithBindsTighterThanAnd) {
  const auto expression = ParseLicenceExpression("MIT AND GPL-2.0-or-later WITH Bison-exception-2.2");
  ASSERT_TRUE(expression.ok());
  EXPECT_EQ(expression->operands[1].term.exception, "Bison-exception-2.2");
  EXPECT_EQ(expression->operands[0].term.exception, "");
}

TEST(Spdx, PlusFollowsAnIdWithoutSpace) {
  const auto expression = ParseLicenceExpression("Apache-2.0+ WITH LLVM-exception");
  ASSERT_TRUE(expression.ok());
  EXPECT_EQ(expression->term, (LicenceTerm{"Apache-2.0", true, "LLVM-exception"}));
  EXPECT_THAT(Canonical("Apache-2.0 +"), HasSubstr("position 11: unexpected \"+\""));
  EXPECT_THAT(Canonical("LicenseRef-x+"), HasSubstr("cannot follow a LicenseRef"));
}

TEST(Spdx, ParenthesesStayOnlyWhereNeeded) {
  EXPECT_EQ(Canonical("(MIT)"), "MIT");
  EXPECT_EQ(Canonical("((MIT OR (ISC)))"), "MIT OR ISC");
  EXPECT_EQ(Canonical("MIT AND (ISC OR Zlib)"), "MIT AND (ISC OR Zlib)");
  EXPECT_EQ(Canonical("MIT OR (ISC AND Zlib)"), "MIT OR ISC AND Zlib");
  EXPECT_EQ(Canonical("(MIT OR ISC) OR Zlib"), "MIT OR ISC OR Zlib");
  EXPECT_EQ(Canonical("MIT AND (ISC AND Zlib)"), "MIT AND ISC AND Zlib");
  EXPECT_EQ(Canonical("MIT AND(ISC)"), "MIT AND ISC");
}

TEST(Spdx, References) {
  EXPECT_EQ(Canonical("LicenseRef-My.Licence-1"), "LicenseRef-My.Licence-1");
  EXPECT_EQ(Canonical("DocumentRef-a.b:LicenseRef-c"), "DocumentRef-a.b:LicenseRef-c");
  EXPECT_EQ(Canonical("MIT WITH AdditionRef-x"), "MIT WITH AdditionRef-x");
  EXPECT_EQ(Canonical("MIT WITH DocumentRef-d:AdditionRef-x"), "MIT WITH DocumentRef-d:AdditionRef-x");
  for (const char* bad : {"LicenseRef-", "licenseref-x", "DocumentRef-x", "DocumentRef-:LicenseRef-x",
                          "DocumentRef-x:MIT", "DocumentRef-x:LicenseRef-"}) {
    EXPECT_THAT(Canonical(bad), HasSubstr("is not a reference")) << bad;
  }
  EXPECT_THAT(Canonical("LicenseRef-a_b"), HasSubstr("unexpected \"_\""));
  EXPECT_THAT(Canonical("AdditionRef-x"), HasSubstr("unknown licence id"));
}

TEST(Spdx, ErrorsGiveThePosition) {
  EXPECT_THAT(Canonical(""), HasSubstr("position 0: expected a licence id, found the end"));
  EXPECT_THAT(Canonical("MIT AND"), HasSubstr("position 7: expected a licence id, found the end"));
  EXPECT_THAT(Canonical("AND MIT"), HasSubstr("position 0: expected a licence id, found the operator AND"));
  EXPECT_THAT(Canonical("MIT AND OR ISC"), HasSubstr("position 8: expected a licence id, found the operator OR"));
  EXPECT_THAT(Canonical("(MIT"), HasSubstr("position 4: expected \")\" for the \"(\" at position 0"));
  EXPECT_THAT(Canonical("MIT)"), HasSubstr("position 3: unexpected \")\""));
  EXPECT_THAT(Canonical("()"), HasSubstr("position 1: expected a licence id, found \")\""));
  EXPECT_THAT(Canonical("MIT ISC"), HasSubstr("position 4: unexpected \"ISC\"; expected AND, OR or the end"));
  EXPECT_THAT(Canonical("MIT/ISC"), HasSubstr("position 3: unexpected \"/\""));
  EXPECT_THAT(Canonical("(MIT OR ISC) WITH LLVM-exception"), HasSubstr("unexpected \"WITH\""));
  EXPECT_THAT(Canonical("GPL-2.0-only WITH"), HasSubstr("expected an exception id after WITH"));
  EXPECT_THAT(Canonical("MIT\nOR ISC"), HasSubstr("position 3"));
}

TEST(Spdx, UnknownIdsSuggestTheNearest) {
  EXPECT_THAT(Canonical("Apache2.0"), HasSubstr("unknown licence id \"Apache2.0\"; did you mean Apache-2.0?"));
  EXPECT_THAT(Canonical("Apache"), HasSubstr("did you mean Apache-2.0?"));
  EXPECT_THAT(Canonical("MTI"), HasSubstr("did you mean MIT?"));
  EXPECT_THAT(Canonical("BSD-3-Clauses"), HasSubstr("did you mean BSD-3-Clause?"));
  EXPECT_THAT(Canonical("GPL-3.0-or-latr"), HasSubstr("did you mean GPL-3.0-or-later?"));
  EXPECT_THAT(Canonical("CC-BY-4"), HasSubstr("did you mean CC-BY-4.0?"));
  EXPECT_THAT(Canonical("my-own-proprietary-terms"), HasSubstr("use LicenseRef-name"));
  EXPECT_THAT(Canonical("MIT WITH LLVM-exeption"), HasSubstr("did you mean LLVM-exception?"));
  EXPECT_THAT(Canonical("MIT WITH qqqqqqqqqqqqqq"), HasSubstr("unknown exception id \"qqqqqqqqqqqqqq\""));
}

TEST(Spdx, NoneIsNotALicence) {
  EXPECT_THAT(Canonical("NONE"), HasSubstr("leave the licence empty"));
  EXPECT_THAT(Canonical("NOASSERTION"), HasSubstr("leave the licence empty"));
}

TEST(Spdx, ErrorsAreRefusalsByPolicy) {
  EXPECT_EQ(ErrorClassOf(ParseLicenceExpression("nope").status()), ErrorClass::kPolicy);
  EXPECT_EQ(ErrorClassOf(ParseLicenceExpression(std::string(5000, 'a')).status()), ErrorClass::kPolicy);
}

TEST(Spdx, LengthAtTheLimitAndOnePast) {
  const std::string at = "MIT" + std::string(limits::kLicenceExpressionBytesMax - 3, ' ');
  EXPECT_EQ(Canonical(at), "MIT");
  EXPECT_THAT(Canonical(at + " "), HasSubstr("expected at most 1024"));
}

TEST(Spdx, DepthAtTheLimitAndOnePast) {
  const size_t depth = limits::kLicenceExpressionDepthMax;
  EXPECT_EQ(Canonical(std::string(depth, '(') + "MIT" + std::string(depth, ')')), "MIT");
  EXPECT_THAT(Canonical(std::string(depth + 1, '(') + "MIT" + std::string(depth + 1, ')')),
              HasSubstr("nested deeper than 32"));
  std::string wide = "(MIT)";
  for (size_t i = 0; i < 2 * depth; ++i) wide += " OR (MIT)";
  EXPECT_TRUE(ParseLicenceExpression(wide).ok()) << "closed parentheses must not count";
}

TEST(Spdx, TermsComeInOrder) {
  const auto expression = ParseLicenceExpression("(MIT OR Apache-2.0+) AND LicenseRef-x");
  ASSERT_TRUE(expression.ok());
  EXPECT_THAT(LicenceTerms(*expression), ElementsAre(LicenceTerm{"MIT", false, ""}, LicenceTerm{"Apache-2.0", true, ""},
                                                     LicenceTerm{"LicenseRef-x", false, ""}));
}

TEST(Spdx, DeprecatedIdsAreWarnings) {
  const auto warnings = [](const char* text) { return DeprecationWarnings(*ParseLicenceExpression(text)); };
  EXPECT_THAT(warnings("MIT"), IsEmpty());
  EXPECT_THAT(warnings("GPL-3.0"), ElementsAre("licence id GPL-3.0 is deprecated; write GPL-3.0-only"));
  EXPECT_THAT(warnings("GPL-2.0+"), ElementsAre("licence id GPL-2.0 is deprecated; write GPL-2.0-or-later"));
  EXPECT_THAT(warnings("MIT AND BSD-2-Clause-FreeBSD"),
              ElementsAre("licence id BSD-2-Clause-FreeBSD is deprecated; write BSD-2-Clause-Views"));
  EXPECT_THAT(warnings("eCos-2.0"), ElementsAre("licence id eCos-2.0 is deprecated"));
}

TEST(Spdx, EverySuccessorExistsAndIsCurrent) {
  for (const LicenceInfo& info : AllLicences()) {
    if (!info.deprecated) continue;
    const auto warnings = DeprecationWarnings(*ParseLicenceExpression(std::string(info.id)));
    ASSERT_EQ(warnings.size(), 1u) << info.id;
    const size_t at = warnings[0].find("write ");
    if (at == std::string::npos) continue;
    const auto successor = FindLicence(warnings[0].substr(at + 6));
    ASSERT_TRUE(successor.has_value()) << warnings[0];
    EXPECT_FALSE(successor->deprecated) << warnings[0];
  }
}

TEST(Spdx, OsiApprovalOfWholeExpressions) {
  const auto approved = [](const char* text) { return IsOsiApproved(*ParseLicenceExpression(text)); };
  EXPECT_TRUE(approved("MIT"));
  EXPECT_TRUE(approved("MIT OR CC-BY-NC-4.0"));
  EXPECT_FALSE(approved("MIT AND CC-BY-NC-4.0"));
  EXPECT_TRUE(approved("(MIT OR LicenseRef-x) AND Apache-2.0"));
  EXPECT_FALSE(approved("LicenseRef-x"));
  EXPECT_FALSE(approved("LicenseRef-x OR CC-BY-4.0"));
}

// A random expression within the limits.
LicenceExpression Random(std::mt19937* random, int depth, LicenceExpression::Kind parent) {
  static constexpr std::string_view kIds[] = {"MIT", "Apache-2.0", "GPL-3.0-or-later", "LicenseRef-x",
                                              "DocumentRef-d:LicenseRef-y"};
  LicenceExpression expression;
  const auto kind = static_cast<LicenceExpression::Kind>((*random)() % 3);
  if (depth == 0 || kind == LicenceExpression::Kind::kTerm || kind == parent) {
    expression.term.id = kIds[(*random)() % std::size(kIds)];
    expression.term.or_later = expression.term.id == "Apache-2.0" && (*random)() % 2 == 0;
    if ((*random)() % 4 == 0) expression.term.exception = "LLVM-exception";
    return expression;
  }
  expression.kind = kind;
  for (int i = 2 + (*random)() % 2; i > 0; --i) expression.operands.push_back(Random(random, depth - 1, kind));
  return expression;
}

TEST(Spdx, ParseIsTheInverseOfRender) {
  std::mt19937 random(20261123);
  for (int i = 0; i < 2000; ++i) {
    const LicenceExpression expression = Random(&random, 3, LicenceExpression::Kind::kTerm);
    const std::string text = RenderLicenceExpression(expression);
    if (text.size() > limits::kLicenceExpressionBytesMax) continue;
    const auto again = ParseLicenceExpression(text);
    ASSERT_TRUE(again.ok()) << "seed 20261123, case " << i << ": " << text << ": " << again.status();
    ASSERT_EQ(*again, expression) << "seed 20261123, case " << i << ": " << text;
  }
}

}  // namespace
}  // namespace plumb
