// Trying again: for how long, and how long to wait between.
#ifndef PLUMB_CLIENT_RPC_RETRY_H_
#define PLUMB_CLIENT_RPC_RETRY_H_

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "plumb/client/operation.h"

namespace plumb::rpc {

// Tells the user that calls of a channel wait for its registry: once when the waiting begins, whatever number of calls
// do, and once when it is over. Thread-safe.
class WaitNotice {
 public:
  // `tell` may be empty; it is called as ConnectionOptions::waiting.
  WaitNotice(std::string registry, std::function<void(const std::string&)> tell)
      : registry_(std::move(registry)), tell_(std::move(tell)) {}

  // A call waits, because of `why`, at most `longest`.
  void Begin(const absl::Status& why, std::chrono::milliseconds longest);
  // The registry is there again.
  void End();

 private:
  const std::string registry_;
  const std::function<void(const std::string&)> tell_;
  std::mutex mutex_;
  bool waiting_ = false;
};

// Counts the time of failures in a row and waits longer after each. Not thread-safe.
class Backoff {
 public:
  // How long failures in a row are followed by another try, and what ends the waiting at once. What is borrowed may be
  // null.
  struct Policy {
    std::chrono::milliseconds retry_for{0};
    const Cancellation* cancellation = nullptr;
    const Operation* operation = nullptr;
    WaitNotice* notice = nullptr;
  };
  explicit Backoff(const Policy& policy) : policy_(policy) {}

  // OK, after waiting, when `failure` is worth another try; else what to end with: `failure`, or CANCELLED.
  absl::Status WaitToRetry(const absl::Status& failure);
  // Something succeeded: start counting anew.
  void Reset();

 private:
  absl::Status Wait(std::chrono::milliseconds time) const;

  const Policy policy_;
  int failures_ = 0;
  std::chrono::steady_clock::time_point first_failure_;
};

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_RETRY_H_
