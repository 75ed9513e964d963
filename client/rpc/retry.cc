#include "client/rpc/retry.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "client/rpc/status.h"

namespace plumb::rpc {

bool Backoff::WaitToRetry(const absl::Status& failure) {
  if (!IsRetryable(failure) || failures_ >= retries_) return false;
  // 200 ms doubled each time, with jitter so that many clients do not come back together.
  thread_local std::minstd_rand random{std::random_device{}()};
  int64_t ceiling_ms = std::min<int64_t>(200LL << failures_, 5000);
  std::chrono::milliseconds wait(std::uniform_int_distribution<int64_t>(ceiling_ms / 2, ceiling_ms)(random));
  if (auto asked = RetryDelay(failure)) wait = std::max(wait, *asked);
  std::this_thread::sleep_for(wait);
  ++failures_;
  return true;
}

}  // namespace plumb::rpc
