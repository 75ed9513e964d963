// Moving tags and withdrawing releases.
#include "registry/catalogue/tags.h"

#include <thread>

#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::SampleFile;

const SampleFile kOne = {"a.bin", {"first chunk", "second chunk"}};
const SampleFile kTwo = {"b.bin", {"second chunk", "third"}};

using TagsTest = testing_support::CatalogueFixture;

TEST_F(TagsTest, TagIsMadeMovedAndRemovedWithHistory) {
  std::string one = Publish("lab/m", "v1", {kOne});
  std::string two = Publish("lab/m", "v2", {kTwo});
  auto made = Tag("lab/m", "latest", one, 0);
  ASSERT_OK(made) << made.status();
  EXPECT_EQ(made->tag().revision(), 1u);
  EXPECT_EQ(made->tag().version(), "v1");
  EXPECT_EQ(made->sequence(), 3u);
  EXPECT_EQ(Tag("lab/m", "latest", two, 1)->tag().revision(), 2u);
  EXPECT_EQ(Tag("lab/m", "latest", "", 2)->tag().revision(), 3u);
  v1::ListTagHistoryRequest request;
  request.set_model("lab/m");
  request.set_tag("latest");
  auto history = catalogue_->reader().ListTagHistory(request);
  ASSERT_EQ(history->moves_size(), 3);
  EXPECT_EQ(history->moves(0).old_digest(), "");
  EXPECT_EQ(history->moves(1).old_digest(), one);
  EXPECT_EQ(history->moves(1).new_digest(), two);
  EXPECT_EQ(history->moves(2).new_digest(), "");
  EXPECT_EQ(history->moves(2).sequence(), 5u);
}

TEST_F(TagsTest, StaleTagRevisionIsAborted) {
  std::string one = Publish("lab/m", "v1", {kOne});
  std::string two = Publish("lab/m", "v2", {kTwo});
  ASSERT_OK(Tag("lab/m", "latest", one, 0));
  EXPECT_TRUE(absl::IsAborted(Tag("lab/m", "latest", two, 0).status()));
  EXPECT_TRUE(absl::IsAborted(Tag("lab/m", "latest", two, 2).status()));
  EXPECT_TRUE(absl::IsAborted(Tag("lab/m", "fresh", two, 1).status()));
  EXPECT_OK(Tag("lab/m", "latest", two));
}

TEST_F(TagsTest, SettingATagWhereItIsChangesNothing) {
  std::string one = Publish("lab/m", "v1", {kOne});
  ASSERT_OK(Tag("lab/m", "latest", one, 0));
  for (std::optional<uint64_t> expected :
       {std::optional<uint64_t>(), std::optional<uint64_t>(0), std::optional<uint64_t>(1)}) {
    auto again = Tag("lab/m", "latest", one, expected);
    ASSERT_OK(again) << again.status();
    EXPECT_EQ(again->sequence(), 0u);
    EXPECT_EQ(again->tag().revision(), 1u);
  }
  EXPECT_TRUE(absl::IsAborted(Tag("lab/m", "latest", one, 7).status()));
  EXPECT_EQ(catalogue_->journal().head(), 2u);
}

TEST_F(TagsTest, TagNeedsAReleaseOfItsModel) {
  std::string one = Publish("lab/m", "v1", {kOne});
  Publish("lab/other", "v1", {kOne});
  EXPECT_TRUE(absl::IsNotFound(Tag("lab/m", "t", Sha256Of("x").ToBytes()).status()));
  EXPECT_TRUE(absl::IsNotFound(Tag("lab/other", "t", one).status()));
  EXPECT_TRUE(absl::IsNotFound(Tag("lab/none", "t", one).status()));
  EXPECT_TRUE(absl::IsNotFound(Tag("lab/m", "t", "").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Tag("lab/m", "bad tag", one).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Tag("lab/m", "t", "short").status()));
}

TEST_F(TagsTest, RacingTagMovesLoseNone) {
  std::vector<std::string> digests;
  for (int i = 0; i < 4; ++i) digests.push_back(Publish("lab/m", "v" + std::to_string(i), {kOne}));
  std::atomic<uint64_t> moved{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < digests.size(); ++i) {
    threads.emplace_back([&, i] {
      for (uint64_t round = 0; round < 20; ++round) {
        auto result = Tag("lab/m", "latest", digests[i], round);
        if (result.ok() && result->sequence() != 0) ++moved;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto final_state = Tag("lab/m", "latest", "");
  EXPECT_EQ(final_state->tag().revision(), moved + 1);
}

TEST_F(TagsTest, YankMarksAndUnyankTakesBack) {
  Publish("lab/m", "v1", {kOne});
  Publish("lab/m", "v2", {kTwo});
  auto yanked = Withdraw("lab/m", "v2", "wrong weights");
  ASSERT_OK(yanked) << yanked.status();
  EXPECT_TRUE(yanked->yanked());
  EXPECT_EQ(yanked->yank_reason(), "wrong weights");
  v1::ResolveRequest newest;
  newest.set_model("lab/m");
  EXPECT_EQ(catalogue_->reader().Resolve(newest)->version(), "v1");
  newest.set_version("v2");
  EXPECT_TRUE(catalogue_->reader().Resolve(newest)->yanked());
  auto back = Withdraw("lab/m", "v2", "", true);
  EXPECT_FALSE(back->yanked());
  EXPECT_EQ(back->yank_reason(), "");
  newest.clear_version();
  EXPECT_EQ(catalogue_->reader().Resolve(newest)->version(), "v2");
  auto events = catalogue_->journal().List(2, 10);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].kind(), v1::EVENT_KIND_YANK);
  EXPECT_EQ((*events)[0].reason(), "wrong weights");
  EXPECT_EQ((*events)[1].kind(), v1::EVENT_KIND_UNYANK);
}

TEST_F(TagsTest, RepeatedYankMakesNoEvent) {
  Publish("lab/m", "v1", {kOne});
  ASSERT_OK(Withdraw("lab/m", "v1", "bad"));
  ASSERT_OK(Withdraw("lab/m", "v1", "bad"));
  EXPECT_EQ(catalogue_->journal().head(), 2u);
  ASSERT_OK(Withdraw("lab/m", "v1", "worse"));
  EXPECT_EQ(catalogue_->journal().head(), 3u);
}

TEST_F(TagsTest, BadYanks) {
  Publish("lab/m", "v1", {kOne});
  EXPECT_TRUE(absl::IsInvalidArgument(Withdraw("lab/m", "v1", "").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Withdraw("lab/m", "v1", std::string(4097, 'x')).status()));
  EXPECT_OK(Withdraw("lab/m", "v1", std::string(4096, 'x')));
  EXPECT_TRUE(absl::IsNotFound(Withdraw("lab/m", "v2", "bad").status()));
  EXPECT_TRUE(absl::IsNotFound(Withdraw("lab/x", "v1", "bad").status()));
}

}  // namespace
}  // namespace plumb
