#include "client/cli/completion.h"

#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/app.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CompletionTest : public testing::Test {
 protected:
  std::vector<std::string> Complete(const std::vector<std::string>& words) {
    std::vector<std::string> found;
    for (const Candidate& candidate : CompleteWords(*root_, words, &wants_reference_)) found.push_back(candidate.word);
    return found;
  }

  GlobalFlags flags_;
  Action action_;
  std::unique_ptr<CLI::App> root_ = MakeApp(&flags_, &action_);
  bool wants_reference_ = false;
};

TEST_F(CompletionTest, OffersCommands) {
  EXPECT_THAT(Complete({""}), Contains("publish"));
  EXPECT_FALSE(wants_reference_);
}

TEST_F(CompletionTest, OffersCommandsThatStartSo) { EXPECT_THAT(Complete({"pu"}), ElementsAre("publish", "pull")); }

TEST_F(CompletionTest, OffersNestedCommands) {
  EXPECT_THAT(Complete({"admin", "token", ""}), ElementsAre("create", "list", "revoke"));
}

TEST_F(CompletionTest, OffersFlagsOfTheCommandAndGlobalOnes) {
  EXPECT_THAT(Complete({"pull", "--"}), Contains("--include"));
  EXPECT_THAT(Complete({"pull", "--"}), Contains("--registry"));
  EXPECT_THAT(Complete({"pull", "--in"}), ElementsAre("--include", "--into"));
}

TEST_F(CompletionTest, OffersEachFlagOnce) {
  std::vector<std::string> flags = Complete({"admin", "token", "create", "--"});
  std::sort(flags.begin(), flags.end());
  EXPECT_EQ(std::adjacent_find(flags.begin(), flags.end()), flags.end());
}

TEST_F(CompletionTest, KnowsThePathInsideARelease) {
  EXPECT_EQ(ReferenceOfPath({"cat", "acme/tiny", "conf"}), "acme/tiny");
  EXPECT_EQ(ReferenceOfPath({"cat", "--force", "acme/tiny", ""}), "acme/tiny");
  EXPECT_EQ(ReferenceOfPath({"cat", "acme/ti"}), "");
  EXPECT_EQ(ReferenceOfPath({"pull", "acme/tiny", ""}), "");
}

TEST_F(CompletionTest, WantsAReferenceWhereOneBelongs) {
  for (const char* command : {"pull", "show", "files", "smoke", "tag", "yank", "list", "publish"}) {
    Complete({command, ""});
    EXPECT_TRUE(wants_reference_) << command;
  }
}

TEST_F(CompletionTest, WantsNoReferenceForAFolder) {
  Complete({"verify", ""});
  EXPECT_FALSE(wants_reference_);
}

TEST_F(CompletionTest, OffersNothingForAFlagsValue) {
  EXPECT_THAT(Complete({"pull", "--include", ""}), IsEmpty());
  EXPECT_FALSE(wants_reference_);
}

TEST_F(CompletionTest, AFlagsValueIsNoCommand) {
  EXPECT_THAT(Complete({"--registry", "admin", ""}), Contains("publish"));
}

TEST_F(CompletionTest, KnowsOtherNames) { EXPECT_THAT(Complete({"push", "--ste"}), ElementsAre("--step")); }

TEST_F(CompletionTest, DoesNotOfferItself) { EXPECT_THAT(Complete({""}), Not(Contains("__complete"))); }

TEST_F(CompletionTest, OfNoWordsOffersCommands) { EXPECT_THAT(Complete({}), Contains("list")); }

TEST(CompletionScript, OfAnUnknownShellIsEmpty) { EXPECT_EQ(CompletionScript("tcsh"), ""); }

}  // namespace
}  // namespace plumb::cli
