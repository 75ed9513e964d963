// Ending calls that nobody wants any more, and calls in which nothing moves.
#ifndef PLUMB_CLIENT_RPC_CALL_WATCH_H_
#define PLUMB_CLIENT_RPC_CALL_WATCH_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "plumb/client/operation.h"

namespace plumb::rpc {

class WatchedCall;

// Looks at the calls of one channel while there are some. gRPC's blocking calls cannot be woken by a signal handler, so
// a thread of its own does it. Thread-safe.
class CallWatch {
 public:
  // `registry` is for messages. `cancellation` ends all calls; may be null, else must outlive the object. `stall_max`:
  // as in ConnectionOptions.
  CallWatch(std::string registry, const Cancellation* cancellation, std::chrono::milliseconds stall_max)
      : registry_(std::move(registry)), cancellation_(cancellation), stall_max_(stall_max) {}
  // REQUIRES: no call is left.
  ~CallWatch();

 private:
  friend class WatchedCall;
  void Add(WatchedCall* call);
  void Remove(WatchedCall* call);
  void Wake();
  void Run();
  void Look();

  const std::string registry_;
  const Cancellation* const cancellation_;
  const std::chrono::milliseconds stall_max_;
  std::mutex mutex_;
  std::set<WatchedCall*> calls_;
  std::thread thread_;  // From the first call on.
  int wake_fd_ = -1;
  bool ended_ = false;
};

// One call, from before it begins until after it has ended. Thread-safe but for its ends.
class WatchedCall {
 public:
  // All must outlive the object; `operation` may be null.
  WatchedCall(CallWatch* watch, grpc::ClientContext* context, const Operation* operation);
  ~WatchedCall();
  WatchedCall(const WatchedCall&) = delete;
  WatchedCall& operator=(const WatchedCall&) = delete;

  // The registry owes something, one thing more: an answer, or to take what is being sent.
  void Owe();
  // It gave one of the things it owed. Time is counted anew.
  void Give();

  // How the call ended, in our words, given how gRPC says it did: as FromGrpc, and
  //   CANCELLED     the user wants to stop
  //   UNAVAILABLE   nothing moved any more (IsRetryable is false), or the registry cut the call off (it is true)
  absl::Status End(const grpc::Status& status) const;

 private:
  friend class CallWatch;
  using Clock = std::chrono::steady_clock;
  // Ends the call if that is due.
  void Look(const Cancellation* cancellation, std::chrono::milliseconds stall_max);
  bool Unwanted(const Cancellation* cancellation) const;

  CallWatch& watch_;
  grpc::ClientContext& context_;
  const Operation* const operation_;
  mutable std::mutex mutex_;
  int owed_ = 0;
  Clock::time_point since_ = Clock::now();  // When something last moved, or began to be owed.
  bool interrupted_ = false;
  bool stalled_ = false;
};

// While it lives the registry owes something.
class Owed {
 public:
  explicit Owed(WatchedCall* call) : call_(*call) { call_.Owe(); }
  ~Owed() { call_.Give(); }
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;

 private:
  WatchedCall& call_;
};

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_CALL_WATCH_H_
