#include "registry/server/endpoint.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <charconv>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kPemBytesMax = 1u << 20;

absl::Status UsageError(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kUsage);
}

absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view what) {
  absl::StatusOr<std::string> text = ReadFile(path, kPemBytesMax);
  if (text.ok()) return text;
  return WithErrorClass(Annotate(text.status(), fmt::format("read the TLS {}", what)), ErrorClass::kUsage);
}

// gRPC takes files that do not fit together and then refuses every connection: look first.
absl::Status CheckPair(const std::string& certificate_pem, const std::string& key_pem) {
  auto open = [](const std::string& text) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                     &BIO_free);
  };
  auto certificate_bio = open(certificate_pem);
  auto key_bio = open(key_pem);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr), &X509_free);
  if (certificate == nullptr) return UsageError("the file of --tls-cert holds no PEM certificate");
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, const_cast<char*>("")), &EVP_PKEY_free);
  if (key == nullptr) return UsageError("the file of --tls-key holds no unencrypted PEM private key");
  if (X509_check_private_key(certificate.get(), key.get()) == 1) return absl::OkStatus();
  return UsageError("the private key of --tls-key does not belong to the first certificate of --tls-cert");
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

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(const ServerOptions& options) {
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return UsageError("--tls-cert and --tls-key go together; only one was given");
  }
  if (options.tls_cert_file.empty()) return grpc::InsecureServerCredentials();
  PLUMB_ASSIGN_OR_RETURN(std::string certificate, ReadPem(options.tls_cert_file, "certificate"));
  PLUMB_ASSIGN_OR_RETURN(std::string key, ReadPem(options.tls_key_file, "key"));
  PLUMB_RETURN_IF_ERROR(CheckPair(certificate, key));
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({key, certificate});
  return grpc::SslServerCredentials(tls);
}

}  // namespace plumb
