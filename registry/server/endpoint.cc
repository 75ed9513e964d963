#include "registry/server/endpoint.h"

#include <charconv>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status UsageError(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kUsage);
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  absl::Status bad = UsageError(fmt::format("the address `{}` is not HOST:PORT", text));
  size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return bad;
  Endpoint endpoint;
  std::string_view host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != host.npos) return bad;
  endpoint.host = host;
  std::string_view port = text.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.port < 0 || endpoint.port > 65535)
    return bad;
  return endpoint;
}

std::string RenderEndpoint(const Endpoint& endpoint) {
  bool brackets = endpoint.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(brackets ? "[{}]:{}" : "{}:{}"), endpoint.host, endpoint.port);
}

absl::StatusOr<std::shared_ptr<Certificate>> OpenCertificate(const ServerOptions& options) {
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return UsageError("--tls-cert and --tls-key go together; only one was given");
  }
  if (options.tls_cert_file.empty()) return std::shared_ptr<Certificate>();
  return Certificate::New(options.tls_cert_file, options.tls_key_file);
}

bool IsLoopback(const Endpoint& endpoint) {
  return endpoint.host == "localhost" || endpoint.host == "::1" || endpoint.host.starts_with("127.");
}

}  // namespace plumb
