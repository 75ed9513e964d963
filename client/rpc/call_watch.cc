#include "client/rpc/call_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/rpc/status.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::rpc {
namespace {

// How often calls are looked at.
constexpr int kLookMs = 50;

}  // namespace

CallWatch::~CallWatch() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void CallWatch::Add(WatchedCall* call) {
  {
    std::lock_guard lock(mutex_);
    calls_.insert(call);
    if (!thread_.joinable()) {
      wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
      thread_ = std::thread([this] { Run(); });
    }
    if (calls_.size() > 1) return;  // It is awake.
  }
  Wake();
}

void CallWatch::Remove(WatchedCall* call) {
  std::lock_guard lock(mutex_);
  calls_.erase(call);
}

void CallWatch::Wake() {
  if (wake_fd_ >= 0) ::eventfd_write(wake_fd_, 1);
}

void CallWatch::Run() {
  while (true) {
    bool idle;
    {
      std::lock_guard lock(mutex_);
      if (ended_) return;
      idle = calls_.empty();
    }
    pollfd wake{.fd = wake_fd_, .events = POLLIN, .revents = 0};
    eventfd_t ignored;
    if (::poll(&wake, 1, idle && wake_fd_ >= 0 ? -1 : kLookMs) > 0) ::eventfd_read(wake_fd_, &ignored);
    Look();
  }
}

void CallWatch::Look() {
  std::lock_guard lock(mutex_);
  for (WatchedCall* call : calls_) call->Look(cancellation_, stall_max_);
}

WatchedCall::WatchedCall(CallWatch* watch, grpc::ClientContext* context, const Operation* operation)
    : watch_(*watch), context_(*context), operation_(operation) {
  watch_.Add(this);
}

WatchedCall::~WatchedCall() { watch_.Remove(this); }

void WatchedCall::Owe() {
  std::lock_guard lock(mutex_);
  if (owed_++ == 0) since_ = Clock::now();
}

void WatchedCall::Give() {
  std::lock_guard lock(mutex_);
  --owed_;
  since_ = Clock::now();
}

bool WatchedCall::Unwanted(const Cancellation* cancellation) const {
  return (cancellation != nullptr && cancellation->cancelled()) || (operation_ != nullptr && !operation_->Check().ok());
}

void WatchedCall::Look(const Cancellation* cancellation, std::chrono::milliseconds stall_max) {
  {
    std::lock_guard lock(mutex_);
    interrupted_ = interrupted_ || Unwanted(cancellation);
    stalled_ = stalled_ || (owed_ > 0 && Clock::now() - since_ > stall_max);
    if (!interrupted_ && !stalled_) return;
  }
  context_.TryCancel();
}

absl::Status WatchedCall::End(const grpc::Status& status) const {
  std::lock_guard lock(mutex_);
  if (status.ok()) return absl::OkStatus();
  if (interrupted_ || Unwanted(watch_.cancellation_)) return absl::CancelledError("interrupted");
  if (stalled_) return Stalled(watch_.registry_, watch_.stall_max_);
  // Whoever stops a server in the middle of a call cancels it there.
  if (status.error_code() == grpc::StatusCode::CANCELLED) {
    return Unavailable(fmt::format("the registry at {} cut a call off: {}", watch_.registry_, status.error_message()));
  }
  return FromGrpc(status, watch_.registry_);
}

}  // namespace plumb::rpc
