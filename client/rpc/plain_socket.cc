#include "client/rpc/plain_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::rpc {
namespace {

constexpr int kStepMs = 50;
constexpr size_t kAnswerBytesMax = 16 << 10;
constexpr size_t kAnswerLineMax = 200;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<AddressList> LookUp(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return NotFound(fmt::format("the name {} has no address: {}", address.host, gai_strerror(error)));
  return AddressList(found, &freeaddrinfo);
}

}  // namespace

absl::StatusOr<PlainSocket> PlainSocket::Connect(const HostPort& address, TimePoint end,
                                                 const Cancellation* cancellation) {
  PLUMB_ASSIGN_OR_RETURN(AddressList addresses, LookUp(address));
  absl::Status failure = NotFound(fmt::format("the name {} has no address", address.host));
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    UniqueFd fd(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) continue;
    PlainSocket socket(std::move(fd), end, cancellation);
    int error = ::connect(socket.fd(), each->ai_addr, each->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      PLUMB_RETURN_IF_ERROR(socket.WaitFor(/*readable=*/false));
      socklen_t size = sizeof error;
      ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return socket;
    failure = Unavailable(std::string(Message(ErrnoStatus(error, "connect"))));
  }
  return failure;
}

absl::Status PlainSocket::WaitFor(bool readable) {
  while (true) {
    if (cancellation_ != nullptr && cancellation_->cancelled()) return absl::CancelledError("interrupted");
    if (std::chrono::steady_clock::now() >= end_) return absl::DeadlineExceededError("no answer came");
    pollfd wait{.fd = fd_.get(), .events = static_cast<short>(readable ? POLLIN : POLLOUT), .revents = 0};
    if (::poll(&wait, 1, kStepMs) > 0) return absl::OkStatus();
  }
}

absl::Status PlainSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    PLUMB_RETURN_IF_ERROR(WaitFor(/*readable=*/false));
    ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return Unavailable("the other side closed the connection");
    if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PlainSocket::Receive(size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  while (true) {
    PLUMB_RETURN_IF_ERROR(WaitFor(/*readable=*/true));
    ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }
}

absl::Status AskProxy(PlainSocket* socket, const Proxy& proxy, const HostPort& target) {
  bool brackets = target.host.find(':') != target.host.npos;
  std::string place = fmt::format(fmt::runtime(brackets ? "[{}]:{}" : "{}:{}"), target.host, target.port);
  std::string authorization = ProxyAuthorization(proxy);
  if (!authorization.empty()) authorization += "\r\n";
  PLUMB_RETURN_IF_ERROR(
      socket->Send(fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{1}\r\n", place, authorization)));
  std::string answer;
  while (answer.find("\r\n\r\n") == answer.npos && answer.size() < kAnswerBytesMax) {
    PLUMB_ASSIGN_OR_RETURN(std::string more, socket->Receive(1024));
    if (more.empty()) break;
    answer += more;
  }
  std::string line = answer.substr(0, std::min(answer.find_first_of("\r\n"), kAnswerLineMax));
  size_t space = line.find(' ');
  if (line.starts_with("HTTP/1.") && space != line.npos && line.compare(space + 1, 1, "2") == 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(line.empty() ? "it closed the connection" : fmt::format("it answered `{}`", line));
}

}  // namespace plumb::rpc
