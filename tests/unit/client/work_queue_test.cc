#include "client/transfer/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

namespace plumb::transfer {
namespace {

TEST(WorkQueueTest, GivesEachPieceOnceInOrder) {
  WorkQueue queue(3);
  EXPECT_EQ(queue.Take(), 0u);
  EXPECT_EQ(queue.Take(), 1u);
  EXPECT_EQ(queue.Take(), 2u);
  EXPECT_FALSE(queue.Take().has_value());
}

TEST(WorkQueueTest, WhatIsPutBackComesNext) {
  WorkQueue queue(3);
  queue.Take();
  queue.PutBack(0);
  EXPECT_EQ(queue.TakeBatch(10), (std::vector<size_t>{0, 1, 2}));
}

TEST(WorkQueueTest, ABatchIsNotLargerThanAsked) {
  WorkQueue queue(5);
  EXPECT_EQ(queue.TakeBatch(2).size(), 2u);
  EXPECT_EQ(queue.TakeBatch(9).size(), 3u);
}

TEST(WorkQueueTest, AFailureEndsTheWorkAndTheFirstOneStays) {
  WorkQueue queue(5);
  EXPECT_FALSE(queue.failed());
  queue.Fail(absl::DataLossError("first"));
  queue.Fail(absl::InternalError("second"));
  EXPECT_TRUE(queue.failed());
  EXPECT_EQ(queue.status(), absl::DataLossError("first"));
  EXPECT_FALSE(queue.Take().has_value());
}

TEST(WorkQueueTest, ThreadsShareItWithoutLossOrRepetition) {
  constexpr size_t kPieces = 20'000;
  WorkQueue queue(kPieces);
  std::vector<std::atomic<int>> taken(kPieces);
  RunOnThreads(4, [&] {
    while (auto index = queue.Take()) ++taken[*index];
  });
  for (const std::atomic<int>& count : taken) ASSERT_EQ(count, 1);
}

}  // namespace
}  // namespace plumb::transfer
