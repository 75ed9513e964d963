#include "client/library/arrivals.h"

#include <thread>

#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

TEST(ArrivalsTest, RangesJoin) {
  Arrivals arrivals;
  arrivals.Add("w", 10, 20);
  arrivals.Add("w", 30, 40);
  arrivals.Add("w", 20, 30);
  arrivals.End(absl::OkStatus());
  EXPECT_TRUE(arrivals.Await("w", 10, 40).ok());
  EXPECT_TRUE(arrivals.Await("w", 15, 15).ok());
  EXPECT_TRUE(absl::IsCancelled(arrivals.Await("w", 9, 40)));
  EXPECT_TRUE(absl::IsCancelled(arrivals.Await("w", 10, 41)));
  EXPECT_TRUE(absl::IsCancelled(arrivals.Await("v", 10, 20)));
}

TEST(ArrivalsTest, OverlappingRangesInAnyOrderJoin) {
  Arrivals arrivals;
  for (uint64_t begin : {40u, 0u, 20u, 60u, 10u, 50u, 30u, 5u}) arrivals.Add("w", begin, begin + 15);
  arrivals.End(absl::OkStatus());
  EXPECT_TRUE(arrivals.Await("w", 0, 75).ok());
  EXPECT_FALSE(arrivals.Await("w", 0, 76).ok());
}

TEST(ArrivalsTest, AWaiterIsWoken) {
  Arrivals arrivals;
  absl::Status status = absl::UnknownError("not yet");
  std::thread waiter([&] { status = arrivals.Await("w", 0, 100); });
  arrivals.Add("w", 50, 100);
  arrivals.Add("w", 0, 50);
  waiter.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ArrivalsTest, WhoWaitsForWhatNeverComesGetsTheReason) {
  Arrivals arrivals;
  absl::Status status;
  std::thread waiter([&] { status = arrivals.Await("w", 0, 100); });
  arrivals.End(DataLoss("a chunk is damaged"));
  waiter.join();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

}  // namespace
}  // namespace plumb
