// Keeping a transfer below a rate.
#ifndef PLUMB_CLIENT_TRANSFER_RATE_LIMITER_H_
#define PLUMB_CLIENT_TRANSFER_RATE_LIMITER_H_

#include <chrono>
#include <cstdint>
#include <mutex>

#include "absl/status/status.h"
#include "plumb/client/operation.h"

namespace plumb::transfer {

// Spreads bytes over time. Thread-safe: all streams of a transfer share one.
class RateLimiter {
 public:
  // 0: no limit.
  explicit RateLimiter(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // Counts `bytes` and waits until they fit the rate; CANCELLED at once when the user wants to stop. A pause in the
  // transfer gives at most a tenth of a second's worth in credit.
  absl::Status Spend(uint64_t bytes, const Operation& operation);

  // How much to send at once: no more than about an eighth of a second's worth, so that others get their share of the
  // line meanwhile, and no less than 16 KiB, nor more than `most`.
  uint32_t PieceBytes(uint32_t most) const;

 private:
  const uint64_t bytes_per_second_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_{};  // When the next byte may pass.
};

}  // namespace plumb::transfer

#endif  // PLUMB_CLIENT_TRANSFER_RATE_LIMITER_H_
