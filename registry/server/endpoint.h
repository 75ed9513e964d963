// Where and how a server listens.
#ifndef PLUMB_REGISTRY_SERVER_ENDPOINT_H_
#define PLUMB_REGISTRY_SERVER_ENDPOINT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "registry/server/certificate.h"
#include "registry/server/options.h"

namespace plumb {

// An address to listen on.
struct Endpoint {
  std::string host;  // Without the brackets of an IPv6 address.
  int port = 0;
};

// Reads `HOST:PORT` or `[IPv6]:PORT`. INVALID_ARGUMENT (ErrorClass::kUsage).
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);
// The inverse.
std::string RenderEndpoint(const Endpoint& endpoint);

// Whether only this machine can reach it.
bool IsLoopback(const Endpoint& endpoint);

// The certificate of the options' files; null without, for plain text. INVALID_ARGUMENT (ErrorClass::kUsage) when one
// file is missing, is not PEM, or when key and certificate do not belong together.
absl::StatusOr<std::shared_ptr<Certificate>> OpenCertificate(const ServerOptions& options);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_ENDPOINT_H_
