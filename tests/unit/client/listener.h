// Sockets of tests that take connections.
#ifndef PLUMB_TESTS_UNIT_CLIENT_LISTENER_H_
#define PLUMB_TESTS_UNIT_CLIENT_LISTENER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <utility>

namespace plumb {

// Listens on a port of its own and never answers.
class SilentListener {
 public:
  SilentListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 16);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { ::close(fd_); }
  SilentListener(const SilentListener&) = delete;

  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int fd() const { return fd_; }

 private:
  int fd_;
  uint16_t port_ = 0;
};

// Answers the first connection's first bytes with a text, keeps those bytes, and hangs up.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)), thread_([this] { Serve(); }) {}
  ~OneAnswer() { thread_.join(); }

  uint16_t port() const { return listener_.port(); }
  // What came; after the connection has ended.
  const std::string& request() const { return request_; }

 private:
  void Serve() {
    int fd = ::accept(listener_.fd(), nullptr, nullptr);
    char bytes[4096];
    ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got > 0) request_.assign(bytes, static_cast<size_t>(got));
    [[maybe_unused]] ssize_t sent = ::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    ::close(fd);
  }

  SilentListener listener_;
  const std::string answer_;
  std::string request_;
  std::thread thread_;
};

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_CLIENT_LISTENER_H_
