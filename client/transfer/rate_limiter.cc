#include "client/transfer/rate_limiter.h"

#include <algorithm>
#include <thread>

namespace plumb::transfer {
namespace {

constexpr std::chrono::milliseconds kCredit(100);

}  // namespace

void RateLimiter::Spend(uint64_t bytes) {
  if (bytes_per_second_ == 0) return;
  std::chrono::steady_clock::time_point passes;
  {
    std::lock_guard lock(mutex_);
    auto cost = std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    next_ = std::max(next_, std::chrono::steady_clock::now() - kCredit) +
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(cost);
    passes = next_;
  }
  std::this_thread::sleep_until(passes);
}

}  // namespace plumb::transfer
