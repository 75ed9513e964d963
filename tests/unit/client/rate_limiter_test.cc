#include "client/transfer/rate_limiter.h"

#include <gtest/gtest.h>

#include <thread>

namespace plumb::transfer {
namespace {

TEST(RateLimiter, WithoutALimitNothingWaits) {
  RateLimiter limiter(0);
  EXPECT_TRUE(limiter.Spend(uint64_t{1} << 50, Operation()).ok());
  EXPECT_EQ(limiter.PieceBytes(1000), 1000u);
}

TEST(RateLimiter, TheUserEndsTheWaiting) {
  RateLimiter limiter(1);
  Cancellation cancellation;
  Operation operation{.progress = nullptr, .warning = nullptr, .cancellation = &cancellation};
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancellation.Cancel();
  });
  EXPECT_TRUE(absl::IsCancelled(limiter.Spend(1'000'000, operation)));
  user.join();
  EXPECT_TRUE(absl::IsCancelled(RateLimiter(0).Spend(1, operation)));
}

TEST(RateLimiter, PiecesAreAFractionOfASecondsWorth) {
  EXPECT_EQ(RateLimiter(8'000'000).PieceBytes(4 << 20), 1'000'000u);
  EXPECT_EQ(RateLimiter(8'000'000'000).PieceBytes(4 << 20), 4u << 20);
  EXPECT_EQ(RateLimiter(1).PieceBytes(4 << 20), 16u << 10);
}

}  // namespace
}  // namespace plumb::transfer
