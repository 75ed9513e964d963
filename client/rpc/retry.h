// Trying again: how often, and how long to wait between.
#ifndef PLUMB_CLIENT_RPC_RETRY_H_
#define PLUMB_CLIENT_RPC_RETRY_H_

#include "absl/status/status.h"

namespace plumb::rpc {

// Counts failures in a row and waits longer after each. Not thread-safe.
class Backoff {
 public:
  // `retries`: how many failures in a row are followed by another try.
  explicit Backoff(int retries) : retries_(retries) {}

  // True, after waiting, when `failure` is worth another try; false when it is final.
  bool WaitToRetry(const absl::Status& failure);
  // Something succeeded: start counting anew.
  void Reset() { failures_ = 0; }

 private:
  int retries_;
  int failures_ = 0;
};

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_RETRY_H_
