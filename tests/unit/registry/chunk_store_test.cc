// What every chunk store promises, kept by packs.
#include "registry/storage/chunk_store.h"

#include <set>
#include <thread>

#include "plumb/base/limits.h"
#include "tests/unit/registry/pack_fixture.h"

namespace plumb {
namespace {

using testing_support::FrameOf;
using testing_support::Weights;

class ChunkStoreTest : public testing_support::PackFixture {};

TEST_F(ChunkStoreTest, UnknownChunkIsNotThere) {
  Digest digest = Sha256Of("x");
  EXPECT_FALSE(store_->Find(digest)->has_value());
  EXPECT_FALSE((*store_->Touch({&digest, 1}))[0].has_value());
  std::vector<uint8_t> out(1);
  EXPECT_TRUE(absl::IsNotFound(store_->Read(digest, out)));
  EXPECT_TRUE(absl::IsNotFound(store_->ReadFrame(digest).status()));
  EXPECT_FALSE(Remove("x"));
  EXPECT_OK(store_->Quarantine(digest));
}

TEST_F(ChunkStoreTest, WhatWasPutIsReadAsFrameAndPlain) {
  Digest digest = Put("hello world");
  ChunkInfo info = **store_->Find(digest);
  EXPECT_EQ(info.size_bytes, 11u);
  EXPECT_EQ(info.frame_bytes, FrameOf("hello world").size());
  EXPECT_FALSE(info.base.has_value());
  EXPECT_EQ(Read("hello world"), "hello world");
  EXPECT_EQ(*store_->ReadFrame(digest), FrameOf("hello world"));
}

TEST_F(ChunkStoreTest, NothingIsFoundBeforeItIsSynced) {
  Digest digest = Sha256Of("hello");
  auto first = store_->Put(digest, FrameOf("hello"));
  ASSERT_OK(first);
  EXPECT_FALSE(Has("hello"));
  EXPECT_EQ(*store_->Put(digest, FrameOf("hello")), *first);
  ASSERT_OK(store_->Sync(*first));
  EXPECT_TRUE(Has("hello"));
  EXPECT_OK(store_->Sync(*first));
}

TEST_F(ChunkStoreTest, ReadingWithAnotherSizeIsDataLoss) {
  Digest digest = Put("hello");
  std::vector<uint8_t> out(6);
  EXPECT_TRUE(absl::IsDataLoss(store_->Read(digest, out)));
}

TEST_F(ChunkStoreTest, WhatIsNoFrameIsRefused) {
  std::vector<uint8_t> frame = {0xff, 1, 2, 3};
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Put(Sha256Of("x"), frame).status()));
  std::vector<uint8_t> long_frame(limits::kFrameBytesMax + 1);
  EXPECT_TRUE(absl::IsInvalidArgument(store_->Put(Sha256Of("x"), long_frame).status()));
}

TEST_F(ChunkStoreTest, LargestChunkIsKept) {
  std::string bytes(limits::kChunkBytesMax, 'm');
  Put(bytes);
  EXPECT_EQ(Read(bytes), bytes);
}

TEST_F(ChunkStoreTest, TouchRenewsTheTimeAndPutOfWhatIsThereDoesToo) {
  Digest digest = Put("hello");
  TimePoint first = (*store_->Find(digest))->touched;
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ((*store_->Find(digest))->touched, first);
  std::vector<Digest> asked = {Sha256Of("x"), digest, digest};
  auto infos = *store_->Touch(asked);
  EXPECT_FALSE(infos[0].has_value());
  EXPECT_EQ(infos[1]->touched - first, std::chrono::hours(1));
  EXPECT_EQ(infos[2]->touched - first, std::chrono::hours(1));
  clock_.Advance(std::chrono::hours(1));
  Put("hello");
  EXPECT_EQ((*store_->Find(digest))->touched - first, std::chrono::hours(2));
}

TEST_F(ChunkStoreTest, RemovedChunkIsGoneAndCanComeAgain) {
  Digest digest = Put("hello");
  std::vector<Digest> digests = {Sha256Of("x"), digest, digest};
  std::vector<uint32_t> expected = {0, static_cast<uint32_t>(FrameOf("hello").size()), 0};
  EXPECT_EQ(*store_->Remove(digests), expected);
  EXPECT_FALSE(Has("hello"));
  Put("hello");
  EXPECT_EQ(Read("hello"), "hello");
}

TEST_F(ChunkStoreTest, QuarantinedChunkIsGoneButNotDeleted) {
  Digest digest = Put("hello");
  EXPECT_OK(store_->Quarantine(digest));
  EXPECT_FALSE(Has("hello"));
  EXPECT_EQ(*ReadFile(Packs() + "/quarantine/" + digest.ToHex(), 100), AsText(FrameOf("hello")));
  Put("hello");
  EXPECT_EQ(Read("hello"), "hello");
}

TEST_F(ChunkStoreTest, ForEachSeesEveryChunkInOrder) {
  std::set<Digest> expected;
  for (int i = 0; i < 1500; ++i) {
    std::string bytes = "chunk " + std::to_string(i);
    ASSERT_OK(store_->Put(Sha256Of(bytes), FrameOf(bytes)));
    expected.insert(Sha256Of(bytes));
  }
  Put("last");
  expected.insert(Sha256Of("last"));
  std::vector<Digest> seen;
  EXPECT_OK(store_->ForEach([&](const Digest& digest, const ChunkInfo& info) {
    EXPECT_EQ((*store_->Find(digest))->size_bytes, info.size_bytes);
    seen.push_back(digest);
    return absl::OkStatus();
  }));
  EXPECT_EQ(seen, std::vector<Digest>(expected.begin(), expected.end()));
  EXPECT_TRUE(absl::IsCancelled(
      store_->ForEach([](const Digest&, const ChunkInfo&) { return absl::CancelledError("enough"); })));
}

TEST_F(ChunkStoreTest, FiguresCountWhatIsAlive) {
  Put("a");
  Put("bb");
  StoreFigures figures = *store_->Figures();
  EXPECT_EQ(figures.chunks, 2u);
  EXPECT_EQ(figures.stored_bytes, FrameOf("a").size() + FrameOf("bb").size());
  EXPECT_EQ(figures.packs, 1u);
  EXPECT_EQ(figures.pack_bytes, std::filesystem::file_size(PackFiles()[0]));
  Remove("a");
  EXPECT_EQ(store_->Figures()->stored_bytes, FrameOf("bb").size());
}

TEST_F(ChunkStoreTest, PacksAreSealedWhenFullAndStayReadable) {
  Reopen({.pack_bytes = 20'000});
  std::vector<std::string> chunks;
  for (char c = 'a'; c < 'k'; ++c) chunks.push_back(std::string(6000, c));
  for (const std::string& chunk : chunks) Put(chunk);
  EXPECT_GT(PackFiles().size(), 3u);
  for (const std::string& chunk : chunks) EXPECT_EQ(Read(chunk), chunk);
  size_t sealed = 0;
  EXPECT_OK(store_->CheckPacks([&](const std::string&, const absl::Status& sound) {
    EXPECT_OK(sound) << sound;
    ++sealed;
    return absl::OkStatus();
  }));
  EXPECT_EQ(sealed, PackFiles().size() - 1);
}

TEST_F(ChunkStoreTest, AcknowledgedBytesAreNeverWrittenAgain) {
  Put("first");
  std::string before = *ReadFile(PackFiles()[0], 1u << 20);
  EXPECT_EQ(before.size() % 4096, 0u);
  Put("second");
  EXPECT_EQ(ReadFile(PackFiles()[0], 1u << 20)->substr(0, before.size()), before);
}

TEST_F(ChunkStoreTest, SyncsOfManyThreadsAreShared) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        // Every third chunk is put by everybody.
        std::string bytes =
            i % 3 == 0 ? "shared " + std::to_string(i) : std::to_string(t) + " own " + std::to_string(i);
        auto ticket = store_->Put(Sha256Of(bytes), FrameOf(bytes));
        ASSERT_OK(ticket) << ticket.status();
        ASSERT_OK(store_->Sync(*ticket));
        ASSERT_TRUE(Has(bytes));
        ASSERT_EQ(Read(bytes), bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->Figures()->chunks, 14u + 8u * 26u);
}

TEST_F(ChunkStoreTest, DifferencesAreUndone) {
  std::vector<std::string> steps;
  for (unsigned i = 0; i <= limits::kDifferenceDepthMax; ++i) {
    steps.push_back(Weights(4096, i));
    Put(steps[i], i == 0 ? std::nullopt : std::optional(steps[i - 1]));
    ChunkInfo info = **store_->Find(Sha256Of(steps[i]));
    EXPECT_EQ(info.depth, i);
    EXPECT_EQ(info.base.has_value(), i > 0);
  }
  for (const std::string& step : steps) EXPECT_EQ(Read(step), step);
  std::string next = Weights(4096, limits::kDifferenceDepthMax + 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Put(Sha256Of(next), FrameOf(next, steps.back())).status()));
}

TEST_F(ChunkStoreTest, DifferenceFromWhatIsNotThereIsRefused) {
  std::string base = Weights(4096, 0);
  std::string next = Weights(4096, 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Put(Sha256Of(next), FrameOf(next, base)).status()));
  ASSERT_OK(store_->Put(Sha256Of(base), FrameOf(base)));
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Put(Sha256Of(next), FrameOf(next, base)).status()));
}

TEST_F(ChunkStoreTest, CircleOfDifferencesIsRefused) {
  std::string base = Weights(4096, 0);
  std::string next = Weights(4096, 1);
  Put(base);
  Put(next, base);
  ASSERT_OK(store_->Quarantine(Sha256Of(base)));
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Put(Sha256Of(base), FrameOf(base, next)).status()));
  Put(base);
  EXPECT_EQ(Read(next), next);
}

TEST_F(ChunkStoreTest, BaseStaysWhileADifferenceNeedsIt) {
  std::string base = Weights(4096, 0);
  std::string next = Weights(4096, 1);
  Put(base);
  auto ticket = store_->Put(Sha256Of(next), FrameOf(next, base));
  ASSERT_OK(ticket);
  EXPECT_FALSE(Remove(base)) << "pinned by a difference that is not synced yet";
  ASSERT_OK(store_->Sync(*ticket));
  EXPECT_FALSE(Remove(base));
  EXPECT_TRUE(Remove(next));
  EXPECT_TRUE(Remove(base));
}

TEST_F(ChunkStoreTest, ChainIsRemovedTogetherInAnyOrder) {
  std::vector<Digest> digests;
  std::string before;
  for (unsigned i = 0; i < 4; ++i) {
    std::string step = Weights(4096, i);
    digests.push_back(Put(step, i == 0 ? std::nullopt : std::optional(before)));
    before = step;
  }
  auto removed = store_->Remove(digests);
  ASSERT_OK(removed);
  for (uint32_t bytes : *removed) EXPECT_GT(bytes, 0u);
  EXPECT_EQ(store_->Figures()->chunks, 0u);
}

TEST_F(ChunkStoreTest, DamagedFrameIsDataLossOrOtherBytes) {
  std::string bytes = Weights(4096, 0);
  Digest digest = Put(bytes);
  testing_support::DamageChunk(digest, metadata_.get(), Packs());
  EXPECT_NE(Read(bytes), bytes);
}

}  // namespace
}  // namespace plumb
