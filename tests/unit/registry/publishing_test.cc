// Making releases: the rules of a commit, and the events that follow.
#include <algorithm>
#include <thread>

#include "registry/catalogue/keys.h"
#include "registry/catalogue/missing_content.h"
#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::MakeManifest;
using testing_support::SampleFile;

const SampleFile kOne = {"a.bin", {"first chunk", "second chunk"}};
const SampleFile kTwo = {"b.bin", {"second chunk", "third"}};
const SampleFile kEmpty = {"empty", {}};

class PublishingTest : public testing_support::CatalogueFixture {
 protected:
  v1::MissingContent MissingIn(const absl::Status& status) {
    v1::MissingContent missing;
    auto payload = status.GetPayload(MissingContent::kPayloadUrl);
    EXPECT_TRUE(payload.has_value()) << status;
    if (payload.has_value()) {
      EXPECT_TRUE(missing.ParseFromString(std::string(*payload)));
    }
    return missing;
  }
};

TEST_F(PublishingTest, ReleaseIsVisibleWithWhatItsManifestSays) {
  Upload({kOne, kTwo});
  v1::Manifest manifest = MakeManifest("lab/m", "v1", {kOne, kTwo});
  manifest.set_license("Apache-2.0");
  manifest.mutable_card()->set_title("A model");
  auto result = Commit(manifest);
  ASSERT_OK(result) << result.status();
  EXPECT_FALSE(result->existed);
  EXPECT_EQ(result->release.model(), "lab/m");
  EXPECT_EQ(result->release.version(), "v1");
  EXPECT_EQ(result->release.size_bytes(), kOne.Bytes().size() + kTwo.Bytes().size());
  EXPECT_EQ(result->release.file_count(), 2u);
  EXPECT_EQ(result->release.license(), "Apache-2.0");
  EXPECT_EQ(result->release.published_by(), "tester");
  EXPECT_EQ(result->release.sequence(), 1u);
  Digest digest = *Digest::FromBytes(result->release.digest());
  EXPECT_EQ(*catalogue_->reader().GetManifest(digest), testing_support::Store(manifest).bytes);
}

TEST_F(PublishingTest, CommitIsIdempotent) {
  std::string digest = Publish("lab/m", "v1", {kOne});
  auto again = Commit(MakeManifest("lab/m", "v1", {kOne}));
  ASSERT_OK(again);
  EXPECT_TRUE(again->existed);
  EXPECT_EQ(again->release.digest(), digest);
  EXPECT_EQ(catalogue_->journal().head(), 1u);
}

TEST_F(PublishingTest, VersionIsNeverReused) {
  Publish("lab/m", "v1", {kOne});
  Upload({kTwo});
  auto other = Commit(MakeManifest("lab/m", "v1", {kTwo}));
  EXPECT_TRUE(absl::IsAlreadyExists(other.status())) << other.status();
  EXPECT_NE(Message(other.status()).find("lab/m@v1"), std::string_view::npos);
}

TEST_F(PublishingTest, MissingListIsNamed) {
  auto result = Commit(MakeManifest("lab/m", "v1", {kOne}));
  ASSERT_TRUE(absl::IsFailedPrecondition(result.status())) << result.status();
  v1::MissingContent missing = MissingIn(result.status());
  ASSERT_EQ(missing.tree_roots_size(), 1);
  EXPECT_EQ(missing.tree_roots(0), kOne.List().TreeRoot().ToBytes());
  EXPECT_EQ(catalogue_->journal().head(), 0u);
}

TEST_F(PublishingTest, MissingChunksAreNamed) {
  PutChunk("first chunk");
  ASSERT_OK(PutList(kOne));
  auto result = Commit(MakeManifest("lab/m", "v1", {kOne}));
  v1::MissingContent missing = MissingIn(result.status());
  ASSERT_EQ(missing.chunk_digests_size(), 1);
  EXPECT_EQ(missing.chunk_digests(0), Sha256Of("second chunk").ToBytes());
}

TEST_F(PublishingTest, MissingContentIsCutAtItsLimit) {
  SampleFile file{"many", {}};
  for (size_t i = 0; i <= MissingContent::kEntriesMax; ++i) file.chunks.push_back("chunk " + std::to_string(i));
  ASSERT_OK(PutList(file));
  auto result = Commit(MakeManifest("lab/m", "v1", {file}));
  EXPECT_EQ(MissingIn(result.status()).chunk_digests_size(), static_cast<int>(MissingContent::kEntriesMax));
}

TEST_F(PublishingTest, EmptyFileNeedsNothing) {
  auto result = Commit(MakeManifest("lab/m", "v1", {kEmpty}));
  EXPECT_OK(result) << result.status();
}

TEST_F(PublishingTest, ReleaseWithoutFilesIsARecipesForm) {
  v1::Manifest manifest = MakeManifest("lab/m", "v1", {});
  manifest.set_kind(v1::KIND_RECIPE);
  EXPECT_OK(Commit(manifest));
}

TEST_F(PublishingTest, WholeFileHashIsThePublishersStatement) {
  Upload({kOne});
  v1::Manifest manifest = MakeManifest("lab/m", "v1", {kOne});
  manifest.mutable_files(0)->set_sha256(Sha256Of("something else").ToBytes());
  EXPECT_OK(Commit(manifest));
  ASSERT_EQ(Check().size(), 1u);
  EXPECT_EQ(Check()[0].kind(), "file");
}

TEST_F(PublishingTest, SizeThatDisagreesWithTheListIsRefused) {
  Upload({kOne});
  v1::Manifest manifest = MakeManifest("lab/m", "v1", {kOne});
  manifest.mutable_files(0)->set_size_bytes(kOne.Bytes().size() + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(Commit(manifest).status()));
}

TEST_F(PublishingTest, ChunkWithAnotherSizeThanTheListSaysIsRefused) {
  PutChunk("first chunk");
  ChunkList list;
  ASSERT_OK(list.Append({Sha256Of("first chunk"), 12}));
  auto writer = catalogue_->content().lists().Write(list.TreeRoot());
  ASSERT_OK((*writer)->Append(list.chunks()[0]));
  ASSERT_OK((*writer)->Finish());
  v1::Manifest manifest = MakeManifest("lab/m", "v1", {{"f", {"first chunk"}}});
  manifest.mutable_files(0)->set_size_bytes(12);
  manifest.mutable_files(0)->set_tree_root(list.TreeRoot().ToBytes());
  EXPECT_TRUE(absl::IsInvalidArgument(Commit(manifest).status()));
  EXPECT_TRUE(HasChunk("first chunk"));
}

TEST_F(PublishingTest, ParentNeedNotBeHere) {
  Upload({kOne});
  v1::Manifest manifest = MakeManifest("lab/m", "v1", {kOne});
  manifest.mutable_lineage()->set_parent_digest(Sha256Of("elsewhere").ToBytes());
  manifest.mutable_lineage()->set_relation(v1::RELATION_FINE_TUNED);
  auto result = Commit(manifest);
  ASSERT_OK(result) << result.status();
  EXPECT_EQ(result->release.parent_digest(), Sha256Of("elsewhere").ToBytes());
}

TEST_F(PublishingTest, RacingCommitsOfOneVersionMakeOneRelease) {
  Upload({kOne, kTwo});
  std::atomic<int> made{0};
  std::atomic<int> existed{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      auto result = Commit(MakeManifest("lab/m", "v1", {i % 2 == 0 ? kOne : kTwo}));
      if (result.ok()) ++(result->existed ? existed : made);
      if (absl::IsAlreadyExists(result.status())) ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(existed, 3);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(catalogue_->journal().head(), 1u);
}

TEST_F(PublishingTest, EventsHaveNoGapAfterARestart) {
  Publish("lab/m", "v1", {kOne});
  Restart();
  Publish("lab/m", "v2", {kTwo});
  auto events = catalogue_->journal().List(0, 10);
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].sequence(), 1u);
  EXPECT_EQ((*events)[1].sequence(), 2u);
}

TEST_F(PublishingTest, WaitingEndsWithAnEventAndWithStop) {
  EXPECT_FALSE(catalogue_->journal().WaitFor(0, std::chrono::milliseconds(1)));
  std::thread publisher([&] { Publish("lab/m", "v1", {kOne}); });
  EXPECT_TRUE(catalogue_->journal().WaitFor(0, std::chrono::minutes(5)));
  publisher.join();
  std::thread stopper([&] { catalogue_->journal().StopWaiting(); });
  EXPECT_FALSE(catalogue_->journal().WaitFor(1, std::chrono::minutes(5)));
  stopper.join();
}

}  // namespace
}  // namespace plumb
