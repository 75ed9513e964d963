#include "registry/server/address_claim.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<AddressList> LookUp(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error == 0) return AddressList(found, &freeaddrinfo);
  return WithErrorClass(
      InvalidArgument(fmt::format("the name {} of --listen has no address: {}", endpoint.host, gai_strerror(error))),
      ErrorClass::kUsage);
}

// As gRPC binds: so that both may hold the address as long as only one listens.
int Bind(const addrinfo& address, UniqueFd* fd) {
  *fd = UniqueFd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd->valid()) return errno;
  int on = 1;
  ::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) ::setsockopt(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  return ::bind(fd->get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
}

}  // namespace

absl::StatusOr<AddressClaim> AddressClaim::Take(const Endpoint& endpoint) {
  PLUMB_ASSIGN_OR_RETURN(AddressList addresses, LookUp(endpoint));
  AddressClaim claim;
  if (endpoint.port == 0) return claim;
  int failure = 0;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    UniqueFd fd;
    int error = Bind(*each, &fd);
    if (error == 0) claim.sockets_.push_back(std::move(fd));
    if (error == EADDRINUSE || (error != 0 && failure != EADDRINUSE)) failure = error;
  }
  // A name may have addresses of a kind that this machine does not use.
  if (failure == EADDRINUSE || claim.sockets_.empty()) {
    return Unavailable(fmt::format("cannot listen on {}: {}", RenderEndpoint(endpoint), std::strerror(failure)));
  }
  return claim;
}

}  // namespace plumb
