// Compaction and rebuilding, alone and beside everything else.
#include <atomic>
#include <thread>

#include "tests/unit/registry/pack_fixture.h"

namespace plumb {
namespace {

using testing_support::DamageChunk;
using testing_support::FrameOf;
using testing_support::Weights;

class PackUpkeepTest : public testing_support::PackFixture {
 protected:
  PackUpkeepTest() { Reopen({.pack_bytes = 40'000}); }
};

TEST_F(PackUpkeepTest, SparsePackIsWrittenAnewAndOthersStay) {
  std::vector<std::string> chunks;
  for (char c = 'a'; c < 'm'; ++c) chunks.push_back(std::string(10'000, c));
  for (const std::string& chunk : chunks) Put(chunk);  // Three to a pack.
  std::vector<std::string> files = PackFiles();
  Remove(chunks[0]);
  Remove(chunks[3]);
  Remove(chunks[4]);
  Remove(chunks[5]);
  ChunkStore::CompactionTotals totals = Compact();
  EXPECT_EQ(totals.deleted_packs, 2u);
  EXPECT_EQ(totals.rewritten_bytes, 2 * FrameOf(chunks[1]).size());
  EXPECT_FALSE(std::filesystem::exists(files[0]));
  EXPECT_FALSE(std::filesystem::exists(files[1]));
  EXPECT_TRUE(std::filesystem::exists(files[2]));
  for (int i : {1, 2, 6, 7, 11}) EXPECT_EQ(Read(chunks[static_cast<size_t>(i)]), chunks[static_cast<size_t>(i)]);
  EXPECT_EQ(Compact().deleted_packs, 0u);
  Reopen({.pack_bytes = 40'000});
  for (int i : {1, 2, 6, 7, 11}) EXPECT_EQ(Read(chunks[static_cast<size_t>(i)]), chunks[static_cast<size_t>(i)]);
}

TEST_F(PackUpkeepTest, ManySmallPacksBecomeOne) {
  std::vector<std::string> chunks;
  for (int i = 0; i < 10; ++i) {
    chunks.push_back("chunk " + std::to_string(i));
    Put(chunks.back());
    Reopen({.pack_bytes = 1u << 20});
  }
  EXPECT_EQ(PackFiles().size(), 10u);
  EXPECT_EQ(Compact().deleted_packs, 10u);
  EXPECT_EQ(PackFiles().size(), 1u);
  for (const std::string& chunk : chunks) EXPECT_EQ(Read(chunk), chunk);
}

TEST_F(PackUpkeepTest, DamagedFrameKeepsItsPack) {
  Put(std::string(10'000, 'a'));
  Put(std::string(10'000, 'b'));
  Put("c");
  Remove(std::string(10'000, 'a'));
  DamageChunk(Sha256Of(std::string(10'000, 'b')), metadata_.get(), Packs());
  EXPECT_EQ(Compact().deleted_packs, 0u);
  EXPECT_EQ(PackFiles().size(), 2u);
  EXPECT_EQ(Read("c"), "c");
  ASSERT_OK(store_->Quarantine(Sha256Of(std::string(10'000, 'b'))));
  EXPECT_EQ(Compact().deleted_packs, 1u);
}

TEST_F(PackUpkeepTest, OnlyOneAtATime) {
  Put("a");
  Remove("a");
  absl::Status nested;
  EXPECT_OK(store_->Compact([&](const ChunkStore::CompactionTotals&) {
    std::thread([&] {
      nested = store_->Compact([](const ChunkStore::CompactionTotals&) { return absl::OkStatus(); });
    }).join();
    return absl::OkStatus();
  }));
  EXPECT_TRUE(absl::IsAborted(nested)) << nested;
}

TEST_F(PackUpkeepTest, ReadersAndWritersGoOnBesideIt) {
  std::atomic<bool> stop{false};
  std::string base = Weights(2000, 0);
  Put(base);
  std::thread collector([&] {
    while (!stop) Compact();
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        std::string kept = std::string(3000, static_cast<char>('a' + t)) + std::to_string(i);
        std::string gone = kept + " gone";
        Put(kept);
        Put(gone);
        std::string next = Weights(2000, static_cast<unsigned>(t * 60 + i + 1));
        Put(next, base);
        EXPECT_TRUE(Remove(gone));
        EXPECT_EQ(Read(kept), kept);
        EXPECT_EQ(Read(next), next);
        EXPECT_EQ(Read(base), base);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  collector.join();
  Compact();
  for (int t = 0; t < 3; ++t) {
    for (int i = 0; i < 60; ++i) {
      std::string kept = std::string(3000, static_cast<char>('a' + t)) + std::to_string(i);
      EXPECT_EQ(Read(kept), kept);
    }
  }
  uint64_t stored_bytes = 0;
  EXPECT_OK(store_->ForEach([&](const Digest&, const ChunkInfo& info) {
    stored_bytes += info.frame_bytes;
    return absl::OkStatus();
  }));
  EXPECT_EQ(store_->Figures()->stored_bytes, stored_bytes);
}

TEST_F(PackUpkeepTest, RebuildBringsBackWhatWasRemovedUntilItsSpaceIsGone) {
  Put(std::string(10'000, 'a'));
  Put("removed");
  Remove("removed");
  EXPECT_EQ(Rebuild().added_chunks, 1u);
  EXPECT_EQ(Read("removed"), "removed");
}

TEST_F(PackUpkeepTest, RebuildFindsNothingToDoInASoundStore) {
  for (unsigned i = 0; i < 20; ++i) Put(Weights(4000, i), i == 0 ? std::nullopt : std::optional(Weights(4000, i / 2)));
  Reopen({.pack_bytes = 40'000});
  auto before = Index();
  ChunkStore::RebuildTotals totals = Rebuild();
  EXPECT_EQ(totals.added_chunks, 0u);
  EXPECT_EQ(totals.removed_chunks, 0u);
  EXPECT_EQ(totals.read_packs, totals.total_packs);
  EXPECT_EQ(Index(), before);
}

TEST_F(PackUpkeepTest, RebuiltIndexEqualsTheOneThatWasLost) {
  for (unsigned i = 0; i < 20; ++i) Put(Weights(4000, i), i == 0 ? std::nullopt : std::optional(Weights(4000, i / 2)));
  Reopen({.pack_bytes = 40'000});
  auto before = Index();
  ASSERT_GT(before.size(), 40u);
  // All but the packs themselves.
  Transaction loss;
  for (const auto& [key, value] : before) {
    if (!key.starts_with(chunk_keys::kPacks)) loss.Delete(key);
  }
  ASSERT_OK(metadata_->Commit(loss));
  EXPECT_EQ(Rebuild().added_chunks, 20u);
  EXPECT_EQ(Index(), before);
}

TEST_F(PackUpkeepTest, RebuildDropsWhatPointsNowhereAndWhatIsDamaged) {
  Put("sound");
  Put("damaged");
  Put("moved");
  ChunkEntry entry = testing_support::EntryOf(Sha256Of("moved"), metadata_.get());
  entry.at.offset += 8;
  Transaction change;
  change.Put(chunk_keys::Chunk(Sha256Of("moved")), RenderChunkEntry(entry));
  ASSERT_OK(metadata_->Commit(change));
  DamageChunk(Sha256Of("damaged"), metadata_.get(), Packs());
  ChunkStore::RebuildTotals totals = Rebuild();
  EXPECT_EQ(totals.removed_chunks, 2u);
  EXPECT_EQ(totals.added_chunks, 1u);
  EXPECT_EQ(Read("moved"), "moved");
  EXPECT_EQ(Read("sound"), "sound");
  EXPECT_FALSE(Has("damaged"));
}

TEST_F(PackUpkeepTest, RebuildRunsBesidePublishing) {
  std::atomic<bool> stop{false};
  std::thread rebuilder([&] {
    while (!stop) Rebuild();
  });
  for (int i = 0; i < 150; ++i) {
    std::string bytes = "chunk " + std::to_string(i);
    Put(bytes);
    ASSERT_EQ(Read(bytes), bytes);
  }
  stop = true;
  rebuilder.join();
  EXPECT_EQ(store_->Figures()->chunks, 150u);
}

TEST_F(PackUpkeepTest, ChangedPackIsNoticedOnceItsDigestIsKnown) {
  Put("hello");
  Reopen();
  auto check = [&] {
    absl::Status result;
    EXPECT_OK(store_->CheckPacks([&](const std::string&, const absl::Status& sound) {
      result = sound;
      return absl::OkStatus();
    }));
    return result;
  };
  EXPECT_OK(check());
  DamageChunk(Sha256Of("hello"), metadata_.get(), Packs());
  EXPECT_TRUE(absl::IsDataLoss(check()));
}

}  // namespace
}  // namespace plumb
