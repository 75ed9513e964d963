// A TCP connection made by hand, with an end to every wait.
#ifndef PLUMB_CLIENT_RPC_PLAIN_SOCKET_H_
#define PLUMB_CLIENT_RPC_PLAIN_SOCKET_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/rpc/proxy.h"
#include "plumb/base/file.h"
#include "plumb/client/operation.h"

namespace plumb::rpc {

// Does not block for longer than until `end`. Used by one thread.
class PlainSocket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // NOT_FOUND when the name has no address, UNAVAILABLE when nothing listens, DEADLINE_EXCEEDED when nobody answers,
  // CANCELLED. `cancellation` may be null; it must outlive the object.
  static absl::StatusOr<PlainSocket> Connect(const HostPort& address, TimePoint end, const Cancellation* cancellation);

  // UNAVAILABLE when the other side has closed, DEADLINE_EXCEEDED, CANCELLED.
  absl::Status Send(std::string_view bytes);
  // What came, at least one byte and at most `bytes_max`; empty when the other side has closed.
  absl::StatusOr<std::string> Receive(size_t bytes_max);
  // Waits until the socket can be read, or written.
  absl::Status WaitFor(bool readable);
  int fd() const { return fd_.get(); }

 private:
  PlainSocket(UniqueFd fd, TimePoint end, const Cancellation* cancellation)
      : fd_(std::move(fd)), end_(end), cancellation_(cancellation) {}

  UniqueFd fd_;
  TimePoint end_;
  const Cancellation* cancellation_;
};

// Asks the proxy at the other end for a way to `target`. PERMISSION_DENIED, with the proxy's words, when it refuses.
absl::Status AskProxy(PlainSocket* socket, const Proxy& proxy, const HostPort& target);

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_PLAIN_SOCKET_H_
