// Which HTTP proxy a connection goes through, by the rules that curl follows.
#ifndef PLUMB_CLIENT_RPC_PROXY_H_
#define PLUMB_CLIENT_RPC_PROXY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb::rpc {

// An environment variable; nothing when it is not set.
using EnvironmentVariable = std::function<std::optional<std::string>(const std::string& name)>;

// `host:port` taken apart; the brackets of an IPv6 address are not part of the host.
struct HostPort {
  std::string host;
  uint16_t port = 0;
};
// INVALID_ARGUMENT when the port is none.
absl::StatusOr<HostPort> SplitHostPort(std::string_view text);

// This very machine: `localhost` and what ends in `.localhost`, 127.0.0.0/8, ::1, and the address that means any,
// 0.0.0.0 or ::, which connects to this machine too.
bool IsLoopbackHost(std::string_view host);

struct Proxy {
  std::string host;
  uint16_t port = 0;
  std::string credentials;  // `user:password`, decoded; never for a message.
  std::string variable;     // That named it.

  // `host:port`, with brackets where it needs them.
  std::string Address() const;
};

// The header that signs in to the proxy, `Name:value`; empty where it wants no credentials. A secret.
std::string ProxyAuthorization(const Proxy& proxy);

// The proxy for connections to `target`: that of `http_proxy` (lower case only) for plain text, of `https_proxy` or
// `HTTPS_PROXY` for TLS, else of `all_proxy` or `ALL_PROXY`. None for this machine, and for what `no_proxy` or
// `NO_PROXY` lists: names with what lies below them, addresses, networks (10.0.0.0/8), each with a port or without;
// `*` for everything. INVALID_ARGUMENT (ErrorClass::kUsage) when the variable holds no proxy that plumb can use, which
// is `[http://][user:password@]host[:port]`; the port defaults to 1080.
absl::StatusOr<std::optional<Proxy>> ChooseProxy(const HostPort& target, bool tls, const EnvironmentVariable& variable);

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_PROXY_H_
