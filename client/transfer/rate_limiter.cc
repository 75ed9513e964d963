#include "client/transfer/rate_limiter.h"

#include <algorithm>
#include <thread>

#include "plumb/base/status.h"

namespace plumb::transfer {
namespace {

constexpr std::chrono::milliseconds kCredit(100);
// A signal handler may set the wish to stop and can wake nobody.
constexpr std::chrono::milliseconds kStep(20);
constexpr uint64_t kPieceBytesMin = 16 << 10;

}  // namespace

absl::Status RateLimiter::Spend(uint64_t bytes, const Operation& operation) {
  if (bytes_per_second_ == 0) return operation.Check();
  std::chrono::steady_clock::time_point passes;
  {
    std::lock_guard lock(mutex_);
    auto cost = std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    next_ = std::max(next_, std::chrono::steady_clock::now() - kCredit) +
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(cost);
    passes = next_;
  }
  while (true) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    const auto now = std::chrono::steady_clock::now();
    if (now >= passes) return absl::OkStatus();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kStep, passes - now));
  }
}

uint32_t RateLimiter::PieceBytes(uint32_t most) const {
  if (bytes_per_second_ == 0) return most;
  return static_cast<uint32_t>(std::clamp<uint64_t>(bytes_per_second_ / 8, kPieceBytesMin, most));
}

}  // namespace plumb::transfer
