// Collecting garbage, alone and beside publishing.
#include <random>
#include <set>
#include <thread>

#include "registry/catalogue/digest_set.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/missing_content.h"
#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::FrameOf;
using testing_support::MakeManifest;
using testing_support::SampleFile;
using testing_support::Weights;

const SampleFile kFile = {"a.bin", {"first chunk", "second chunk"}};
const SampleFile kOther = {"b.bin", {"second chunk", "third chunk"}};

class GarbageTest : public testing_support::CatalogueFixture {};

TEST_F(GarbageTest, WhatNothingNamesIsDeleted) {
  Publish("lab/m", "v1", {kFile});
  Upload({kOther});
  PutChunk("stray");
  v1::CollectGarbageResponse totals = Collect();
  EXPECT_TRUE(totals.done());
  EXPECT_EQ(totals.examined_chunks(), 4u);
  EXPECT_EQ(totals.deleted_chunks(), 2u);
  EXPECT_EQ(totals.deleted_bytes(), FrameOf("third chunk").size() + FrameOf("stray").size());
  EXPECT_EQ(totals.deleted_chunk_lists(), 1u);
  EXPECT_TRUE(HasChunk("first chunk"));
  EXPECT_TRUE(HasChunk("second chunk"));
  EXPECT_FALSE(HasChunk("stray"));
  EXPECT_TRUE(Check().empty());
}

TEST_F(GarbageTest, YankedReleaseKeepsItsContent) {
  Publish("lab/m", "v1", {kFile});
  ASSERT_OK(Withdraw("lab/m", "v1", "bad"));
  EXPECT_EQ(Collect().deleted_chunks(), 0u);
}

TEST_F(GarbageTest, DryRunDeletesNothing) {
  Upload({kFile});
  v1::CollectGarbageResponse totals = Collect(std::chrono::seconds(0), true);
  EXPECT_EQ(totals.deleted_chunks(), 2u);
  EXPECT_EQ(totals.deleted_chunk_lists(), 1u);
  EXPECT_TRUE(HasChunk("first chunk"));
  EXPECT_EQ(Collect().deleted_chunks(), 2u);
}

TEST_F(GarbageTest, ChainOfDifferencesGoesInOneRunUnlessSomethingNeedsIt) {
  std::vector<std::string> steps;
  for (unsigned i = 0; i < 5; ++i) {
    steps.push_back(Weights(4096, i));
    testing_support::PutChunk(steps[i], chunks_.get(),
                              i == 0 ? std::nullopt : std::optional<std::string>(steps[i - 1]));
    ASSERT_EQ((*chunks_->Find(Sha256Of(steps[i])))->depth, i);
  }
  SampleFile third{"third", {steps[2]}};
  ASSERT_OK(PutList(third));
  ASSERT_OK(Commit(MakeManifest("lab/m", "v1", {third})));
  EXPECT_EQ(Collect(std::chrono::seconds(0), /*dry_run=*/true).deleted_chunks(), 2u);
  EXPECT_EQ(Collect().deleted_chunks(), 2u);
  EXPECT_TRUE(HasChunk(steps[0]));
  EXPECT_TRUE(Check().empty());
}

TEST_F(GarbageTest, WholeChainOfGarbageGoesInOneRun) {
  std::string before;
  for (unsigned i = 0; i < 5; ++i) {
    std::string step = Weights(4096, i);
    testing_support::PutChunk(step, chunks_.get(), i == 0 ? std::nullopt : std::optional<std::string>(before));
    before = step;
  }
  EXPECT_EQ(Collect().deleted_chunks(), 5u);
  EXPECT_EQ((*chunks_->Figures()).chunks, 0u);
}

TEST_F(GarbageTest, SpaceOfTheDeadComesBack) {
  Publish("lab/m", "v1", {kFile});
  PutChunk(std::string(1u << 20, 'x'));
  v1::CollectGarbageResponse foreseen = Collect(std::chrono::seconds(0), /*dry_run=*/true);
  EXPECT_EQ(foreseen.deleted_packs(), 1u);
  v1::CollectGarbageResponse totals = Collect();
  EXPECT_EQ(totals.deleted_packs(), 1u);
  EXPECT_EQ(totals.rewritten_bytes(), FrameOf("first chunk").size() + FrameOf("second chunk").size());
  EXPECT_EQ(totals.rewritten_bytes(), foreseen.rewritten_bytes());
  EXPECT_LT((*chunks_->Figures()).pack_bytes, 16u << 10);
  EXPECT_TRUE(Check().empty());
  EXPECT_EQ(Collect().deleted_packs(), 0u);
}

TEST_F(GarbageTest, GracePeriodSparesWhatIsYoung) {
  Upload({kFile});
  clock_.Advance(std::chrono::minutes(59));
  EXPECT_EQ(Collect(std::chrono::hours(1)).deleted_chunks(), 0u);
  clock_.Advance(std::chrono::minutes(1));
  v1::CollectGarbageResponse totals = Collect(std::chrono::hours(1));
  EXPECT_EQ(totals.deleted_chunks(), 2u);
  EXPECT_EQ(totals.deleted_chunk_lists(), 1u);
}

TEST_F(GarbageTest, AskingRenewsTheGracePeriod) {
  Upload({kFile});
  clock_.Advance(std::chrono::minutes(59));
  std::vector<Digest> chunks = {Sha256Of("first chunk")};
  std::vector<Digest> roots = {kFile.List().TreeRoot()};
  EXPECT_TRUE(catalogue_->content().TouchChunks(chunks)->empty());
  EXPECT_TRUE(catalogue_->content().lists().Touch(roots)->empty());
  clock_.Advance(std::chrono::minutes(30));
  v1::CollectGarbageResponse totals = Collect(std::chrono::hours(1));
  EXPECT_EQ(totals.deleted_chunks(), 1u);
  EXPECT_EQ(totals.deleted_chunk_lists(), 0u);
  EXPECT_TRUE(HasChunk("first chunk"));
}

TEST_F(GarbageTest, HugeGracePeriodSparesEverything) {
  Upload({kFile});
  clock_.Advance(std::chrono::hours(24 * 365));
  EXPECT_EQ(Collect(std::chrono::seconds(int64_t{1} << 61)).deleted_chunks(), 0u);
}

TEST_F(GarbageTest, SweptContentIsAskedForAtCommit) {
  Upload({kFile});
  Collect();
  auto result = Commit(MakeManifest("lab/m", "v1", {kFile}));
  EXPECT_TRUE(absl::IsFailedPrecondition(result.status()));
  Publish("lab/m", "v1", {kFile});
  EXPECT_TRUE(Check().empty());
}

TEST_F(GarbageTest, VerifiedMarksGoWithTheirList) {
  Upload({kFile});
  Digest root = kFile.List().TreeRoot();
  ASSERT_OK(Commit(MakeManifest("lab/m", "v1", {kFile})));
  EXPECT_TRUE(Check().empty());
  EXPECT_OK(store_.Get(keys::Verified(root, Sha256Of(kFile.Bytes()))));
  EXPECT_OK(catalogue_->content().lists().Remove(root));
  EXPECT_FALSE(store_.Get(keys::Verified(root, Sha256Of(kFile.Bytes()))).ok());
}

TEST_F(GarbageTest, ReleaseThatCannotBeReadStopsTheSweep) {
  Publish("lab/m", "v1", {kFile});
  PutChunk("stray");
  Transaction damage;
  damage.Delete(keys::List(kFile.List().TreeRoot()));
  ASSERT_OK(store_.Commit(damage));
  auto result = catalogue_->garbage().Run({std::chrono::seconds(0), false},
                                          [](const v1::CollectGarbageResponse&) { return absl::OkStatus(); });
  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(HasChunk("stray"));
  EXPECT_TRUE(HasChunk("first chunk"));
}

TEST_F(GarbageTest, OnlyOneCollectionAtATimeAndACancelledOneCanBeRepeated) {
  PutChunk("stray");
  auto nested = absl::OkStatus();
  auto result = catalogue_->garbage().Run({std::chrono::seconds(0), false}, [&](const v1::CollectGarbageResponse&) {
    std::thread([&] {
      nested =
          catalogue_->garbage()
              .Run({std::chrono::seconds(0), false}, [](const v1::CollectGarbageResponse&) { return absl::OkStatus(); })
              .status();
    }).join();
    return absl::CancelledError("stop");
  });
  EXPECT_TRUE(absl::IsCancelled(result.status()));
  EXPECT_TRUE(absl::IsAborted(nested));
  EXPECT_EQ(Collect().deleted_chunks(), 1u);
}

// A collection that marked before a commit and sweeps after it must see what the commit names.
TEST_F(GarbageTest, CommitBetweenMarkAndSweepIsSpared) {
  Upload({kFile});
  bool committed = false;
  auto result = catalogue_->garbage().Run({std::chrono::seconds(0), false}, [&](const v1::CollectGarbageResponse&) {
    if (!committed) {
      committed = true;
      EXPECT_OK(Commit(MakeManifest("lab/m", "v1", {kFile})));
    }
    return absl::OkStatus();
  });
  ASSERT_OK(result);
  EXPECT_TRUE(committed);
  EXPECT_EQ(result->deleted_chunks(), 0u);
  EXPECT_TRUE(Check().empty());
}

TEST_F(GarbageTest, PublishersBesideACollectorNeverLoseAReleasesContent) {
  std::atomic<bool> stop{false};
  std::thread collector([&] {
    while (!stop) Collect();
  });
  std::vector<std::thread> publishers;
  for (int t = 0; t < 3; ++t) {
    publishers.emplace_back([&, t] {
      for (int i = 0; i < 12; ++i) {
        // Half of the chunks are shared between all publishers: dedup hits on what is being swept.
        SampleFile file{"f", {"shared " + std::to_string(i % 3), "own " + std::to_string(t * 100 + i)}};
        std::string version = "v" + std::to_string(t) + "-" + std::to_string(i);
        for (int attempt = 0; attempt < 1000; ++attempt) {
          Upload({file});
          auto result = Commit(MakeManifest("lab/m", version, {file}));
          if (result.ok()) break;
          ASSERT_TRUE(absl::IsFailedPrecondition(result.status())) << result.status();
        }
      }
    });
  }
  for (std::thread& thread : publishers) thread.join();
  stop = true;
  collector.join();
  EXPECT_EQ(catalogue_->journal().head(), 36u);
  EXPECT_TRUE(Check().empty());
}

TEST(DigestSetTest, NeverDeniesWhatWasAdded) {
  DigestSet set;
  for (int i = 0; i < 200'000; ++i) set.Add(Sha256Of(std::to_string(i % 150'000)));
  set.Finish();
  EXPECT_EQ(set.size(), 150'000u);
  for (int i = 0; i < 150'000; i += 100) EXPECT_TRUE(set.MayContain(Sha256Of(std::to_string(i))));
  for (int i = 150'000; i < 160'000; ++i) EXPECT_FALSE(set.MayContain(Sha256Of(std::to_string(i))));
}

// Random publishing, tagging, yanking, collecting and restarting, against a model in memory.
TEST_F(GarbageTest, RandomHistoryAgreesWithAModel) {
  unsigned seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::map<std::string, std::string> releases;  // version -> digest
  std::map<std::string, SampleFile> files;
  std::map<std::string, std::string> tags;
  std::set<std::string> yanked;
  uint64_t events = 0;
  auto pick = [&] { return std::next(releases.begin(), static_cast<long>(random() % releases.size()))->first; };
  for (int step = 0; step < 150; ++step) {
    switch (random() % 6) {
      case 0:
      case 1: {
        std::string version = "v" + std::to_string(random() % 40);
        SampleFile file{"f", {}};
        for (unsigned i = 0; i < 1 + random() % 3; ++i) file.chunks.push_back("c" + std::to_string(random() % 12));
        Upload({file});
        auto result = Commit(MakeManifest("lab/m", version, {file}));
        if (!releases.contains(version)) {
          ASSERT_OK(result) << result.status();
          releases[version] = result->release.digest();
          files[version] = file;
          ++events;
        } else if (files[version].chunks == file.chunks) {
          EXPECT_TRUE(result->existed);
        } else {
          EXPECT_TRUE(absl::IsAlreadyExists(result.status()));
        }
        break;
      }
      case 2: {
        if (releases.empty()) break;
        std::string tag = "t" + std::to_string(random() % 3);
        std::string digest = random() % 4 == 0 ? "" : releases[pick()];
        auto result = Tag("lab/m", tag, digest);
        if (digest.empty() && tags[tag].empty()) break;
        ASSERT_OK(result) << result.status();
        if (tags[tag] != digest) ++events;
        tags[tag] = digest;
        break;
      }
      case 3: {
        if (releases.empty()) break;
        std::string version = pick();
        bool undo = random() % 2 == 0;
        ASSERT_OK(Withdraw("lab/m", version, "why", undo));
        bool changed = undo ? yanked.erase(version) > 0 : yanked.insert(version).second;
        if (changed) ++events;
        break;
      }
      case 4:
        PutChunk("stray " + std::to_string(step));
        Collect();
        break;
      default:
        Restart();
    }
    ASSERT_EQ(catalogue_->journal().head(), events) << "step " << step;
  }
  EXPECT_TRUE(Check().empty());
  v1::ListReleasesRequest request;
  request.set_model("lab/m");
  request.mutable_page()->set_page_size(1000);
  auto listed = catalogue_->reader().ListReleases(request);
  ASSERT_OK(listed);
  EXPECT_EQ(static_cast<size_t>(listed->releases_size()), releases.size());
  for (const v1::Release& release : listed->releases()) {
    EXPECT_EQ(release.digest(), releases[release.version()]);
    EXPECT_EQ(release.yanked(), yanked.contains(release.version()));
    for (const std::string& tag : release.tags()) EXPECT_EQ(tags[tag], release.digest());
  }
}

}  // namespace
}  // namespace plumb
