#include "client/rpc/retry.h"

#include <algorithm>
#include <random>
#include <thread>

#include "client/rpc/status.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/connect_problem.h"

namespace plumb::rpc {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kFirstWaitMs = 200;
constexpr int64_t kWaitMsMax = 3000;
// What is over after this many tries is not worth a word.
constexpr int kSilentFailures = 2;

// 200 ms doubled each time, with jitter so that many clients do not come back together.
milliseconds NextWait(int failures) {
  thread_local std::minstd_rand random{std::random_device{}()};
  int64_t ceiling = std::min(kFirstWaitMs << std::min(failures, 10), kWaitMsMax);
  return milliseconds(std::uniform_int_distribution<int64_t>(ceiling / 2, ceiling)(random));
}

}  // namespace

void WaitNotice::Begin(const absl::Status& why, milliseconds longest) {
  std::lock_guard lock(mutex_);
  if (waiting_) return;
  waiting_ = true;
  if (!tell_) return;
  int64_t seconds = longest.count() / 1000;
  tell_(fmt::format("waiting up to {}:{:02} for {}: {}", seconds / 60, seconds % 60, registry_, Message(why)));
}

void WaitNotice::End() {
  std::lock_guard lock(mutex_);
  if (!waiting_) return;
  waiting_ = false;
  if (tell_) tell_("");
}

absl::Status Backoff::Wait(milliseconds time) const {
  // A signal handler may set the wish to stop and can wake nobody.
  constexpr milliseconds kStep(20);
  const auto end = std::chrono::steady_clock::now() + time;
  while (true) {
    if (policy_.operation != nullptr) PLUMB_RETURN_IF_ERROR(policy_.operation->Check());
    if (policy_.cancellation != nullptr && policy_.cancellation->cancelled()) {
      return absl::CancelledError("interrupted");
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= end) return absl::OkStatus();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kStep, end - now));
  }
}

absl::Status Backoff::WaitToRetry(const absl::Status& failure) {
  if (!IsRetryable(failure)) return failure;
  const auto now = std::chrono::steady_clock::now();
  if (failures_ == 0) first_failure_ = now;
  auto left = std::chrono::duration_cast<milliseconds>(first_failure_ + policy_.retry_for - now);
  milliseconds wait = NextWait(failures_);
  if (auto asked = RetryDelay(failure)) wait = std::max(wait, *asked);
  // The last try is made at the end of the time.
  if (left.count() <= 0) {
    const bool lost = absl::IsUnavailable(failure) && failures_ > 1;
    return lost && ConnectProblemOf(failure) == ConnectProblem::kUnknown
               ? WithConnectProblem(failure, ConnectProblem::kLost)
               : failure;
  }
  ++failures_;
  if (failures_ > kSilentFailures && policy_.notice != nullptr) policy_.notice->Begin(failure, left);
  return Wait(std::min(wait, left));
}

void Backoff::Reset() {
  if (failures_ > 0 && policy_.notice != nullptr) policy_.notice->End();
  failures_ = 0;
}

}  // namespace plumb::rpc
