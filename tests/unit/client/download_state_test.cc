#include "client/transfer/download_state.h"

#include <gtest/gtest.h>

#include <thread>

namespace plumb::transfer {
namespace {

constexpr uint32_t kChunk = 1000;

std::vector<Extent> MakeExtents(size_t extents, size_t chunks) {
  std::vector<Extent> made(extents);
  for (size_t e = 0; e < extents; ++e) {
    made[e].file_offset = e * chunks * kChunk;
    for (size_t i = 0; i < chunks; ++i)
      made[e].chunks.push_back({.chunk = {Sha256Of(std::to_string(e * 100 + i)), kChunk}, .have = std::nullopt});
  }
  return made;
}

class DownloadStateTest : public ::testing::Test {
 protected:
  void Start(size_t extents, size_t chunks, size_t sources, size_t buffers = 8) {
    extents_ = MakeExtents(extents, chunks);
    pool_ = std::make_unique<BufferPool>(buffers, 2 * kAlignment + chunks * kChunk);
    state_ = std::make_unique<DownloadState>(extents_, sources, pool_.get());
  }
  void Finish(const std::vector<ChunkId>& ids) {
    for (ChunkId id : ids) {
      ASSERT_TRUE(state_->BeginDecode(id).has_value());
      state_->Good(id);
    }
  }
  // Gives back every finished extent; how many they were.
  size_t Drain() {
    size_t count = 0;
    for (; auto done = state_->TakeFinished(); ++count) state_->Written(std::move(done->buffer));
    return count;
  }

  std::vector<Extent> extents_;
  std::unique_ptr<BufferPool> pool_;
  std::unique_ptr<DownloadState> state_;
};

TEST_F(DownloadStateTest, HandsOutExtentsInOrderAndKnowsTheEnd) {
  Start(3, 2, 1);
  std::vector<ChunkId> first = state_->Take(0, 2);
  ASSERT_EQ(first.size(), 4u);
  EXPECT_EQ(first[3].extent, 1u);
  std::vector<ChunkId> second = state_->Take(0, 2);
  ASSERT_EQ(second.size(), 2u);
  Finish(first);
  Finish(second);
  state_->WaitUntilOver();
  EXPECT_TRUE(state_->Take(0, 2).empty());
  EXPECT_EQ(Drain(), 3u);
  EXPECT_TRUE(state_->TakeReport().damaged.empty());
}

TEST_F(DownloadStateTest, ChunksLieAsInTheFile) {
  Start(2, 2, 1);
  auto ids = state_->Take(0, 2);
  auto place = state_->BeginDecode(ids[3]);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(place->data()) % kAlignment, (2 * 2 * kChunk - kChunk) % kAlignment);
  EXPECT_EQ(place->size(), kChunk);
}

TEST_F(DownloadStateTest, WaitsForABuffer) {
  Start(2, 1, 1, /*buffers=*/1);
  auto ids = state_->Take(0, 4);
  EXPECT_EQ(ids.size(), 1u);
  std::vector<ChunkId> more;
  std::thread waiting([&] { more = state_->Take(0, 4); });
  Finish(ids);
  auto done = state_->TakeFinished();
  state_->Written(std::move(done->buffer));
  waiting.join();
  EXPECT_EQ(more.size(), 1u);
}

TEST_F(DownloadStateTest, ABrokenCallIsRepeatedByAnother) {
  Start(1, 3, 2);
  auto ids = state_->Take(0, 1);
  state_->Release(0, {ids[1], ids[2]});
  auto again = state_->Take(1, 1);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].chunk, 1u);
}

TEST_F(DownloadStateTest, AChunkThatOneSourceLacksComesFromAnother) {
  Start(1, 1, 2);
  auto ids = state_->Take(0, 1);
  ASSERT_TRUE(state_->BeginDecode(ids[0]));
  state_->Bad(ids[0], 0, /*again=*/false, absl::NotFoundError("gone"));
  auto again = state_->Take(1, 1);
  ASSERT_EQ(again.size(), 1u);
  ASSERT_TRUE(state_->BeginDecode(again[0]));
  state_->Bad(again[0], 1, /*again=*/false, absl::NotFoundError("gone"));
  state_->WaitUntilOver();
  EXPECT_EQ(state_->TakeReport().damaged.size(), 1u);
  auto done = state_->TakeFinished();
  EXPECT_FALSE(done->good[0]);
  state_->Written(std::move(done->buffer));
}

TEST_F(DownloadStateTest, TheOnlySourceGetsASecondChance) {
  Start(1, 1, 1);
  auto ids = state_->Take(0, 1);
  ASSERT_TRUE(state_->BeginDecode(ids[0]));
  state_->Bad(ids[0], 0, /*again=*/true, absl::DataLossError("wrong"));
  auto again = state_->Take(0, 1);
  ASSERT_EQ(again.size(), 1u);
  ASSERT_TRUE(state_->BeginDecode(again[0]));
  state_->Bad(again[0], 0, /*again=*/true, absl::DataLossError("wrong"));
  state_->WaitUntilOver();
  EXPECT_EQ(state_->TakeReport().damaged.size(), 1u);
  EXPECT_EQ(Drain(), 1u);
}

TEST_F(DownloadStateTest, ASlowSourceLosesItsWorkAndALateCopyIsIgnored) {
  Start(1, 1, 2);
  auto slow = state_->Take(0, 1);
  auto fast = state_->Take(1, 1);  // Waits until the other is late.
  ASSERT_EQ(fast.size(), 1u);
  EXPECT_TRUE(state_->IsDropped(0));
  Finish(fast);
  EXPECT_FALSE(state_->BeginDecode(slow[0]).has_value());
  state_->WaitUntilOver();
  EXPECT_EQ(Drain(), 1u);
}

TEST_F(DownloadStateTest, TheLastSourceIsNotDropped) {
  Start(1, 1, 2);
  EXPECT_TRUE(state_->DropSource(0, absl::UnavailableError("gone")));
  EXPECT_FALSE(state_->DropSource(1, absl::UnavailableError("gone")));
  EXPECT_TRUE(state_->Take(0, 1).empty());
  EXPECT_EQ(state_->Take(1, 1).size(), 1u);
}

TEST_F(DownloadStateTest, WhatOnlyADroppedSourceCouldBringIsDamaged) {
  Start(1, 1, 2);
  auto ids = state_->Take(0, 1);
  ASSERT_TRUE(state_->BeginDecode(ids[0]));
  state_->Bad(ids[0], 0, /*again=*/false, absl::NotFoundError("gone"));
  EXPECT_TRUE(state_->DropSource(1, absl::UnavailableError("gone")));
  state_->WaitUntilOver();
  EXPECT_EQ(state_->TakeReport().damaged.size(), 1u);
  EXPECT_EQ(Drain(), 1u);
}

TEST_F(DownloadStateTest, AFailureEndsTheWaiting) {
  Start(2, 1, 1, /*buffers=*/1);
  state_->Take(0, 1);
  std::thread waiting([&] { EXPECT_TRUE(state_->Take(0, 1).empty()); });
  state_->Fail(absl::CancelledError("enough"));
  waiting.join();
  state_->WaitUntilOver();
  EXPECT_FALSE(state_->TakeFinished().has_value());
  EXPECT_TRUE(absl::IsCancelled(state_->status()));
}

}  // namespace
}  // namespace plumb::transfer
