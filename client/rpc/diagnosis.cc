#include "client/rpc/diagnosis.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include "absl/strings/cord.h"
#include "client/rpc/plain_socket.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr char kProblemUrl[] = "plumb/connect-problem";

}  // namespace

absl::Status WithConnectProblem(absl::Status status, ConnectProblem problem) {
  if (!status.ok()) status.SetPayload(kProblemUrl, absl::Cord(std::to_string(static_cast<int>(problem))));
  return status;
}

ConnectProblem ConnectProblemOf(const absl::Status& status) {
  auto payload = status.GetPayload(kProblemUrl);
  return payload.has_value() ? static_cast<ConnectProblem>(std::atoi(std::string(*payload).c_str()))
                             : ConnectProblem::kUnknown;
}

namespace rpc {
namespace {

constexpr size_t kNamesMax = 8;

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(ASN1_TIME* p) const { ASN1_TIME_free(p); }
};
template <typename T>
using Owner = std::unique_ptr<T, Free>;

void Trust(const std::string& roots_pem, SSL_CTX* context) {
  Owner<BIO> bio(BIO_new_mem_buf(roots_pem.data(), static_cast<int>(roots_pem.size())));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  while (Owner<X509> root{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, root.get());
  }
  ERR_clear_error();
}

std::string NameText(X509_NAME* name) {
  char text[256] = {};
  X509_NAME_oneline(name, text, sizeof text);
  return text;
}

std::string TimeText(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown day";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min);
}

// The hosts that a certificate is for.
std::string HostsOf(X509* certificate) {
  std::vector<std::string> hosts;
  Owner<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()) && hosts.size() < kNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      hosts.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
      const unsigned char* b = ASN1_STRING_get0_data(name->d.iPAddress);
      hosts.push_back(fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]));
    }
  }
  return hosts.empty() ? NameText(X509_get_subject_name(certificate)) : fmt::format("{}", fmt::join(hosts, ", "));
}

Diagnosis JudgeCertificate(X509* certificate, long result, const HostPort& target) {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {ConnectProblem::kExpired,
              fmt::format("its certificate expired on {}", TimeText(X509_get0_notAfter(certificate)))};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {ConnectProblem::kExpired,
              fmt::format("its certificate is not valid before {}", TimeText(X509_get0_notBefore(certificate)))};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {ConnectProblem::kUnknownIssuer, fmt::format("its certificate is not trusted here: it was issued by {}",
                                                          NameText(X509_get_issuer_name(certificate)))};
    case X509_V_OK:
      break;
    default:
      return {ConnectProblem::kTls,
              fmt::format("its certificate is not accepted: {}", X509_verify_cert_error_string(result))};
  }
  if (X509_check_host(certificate, target.host.c_str(), target.host.size(), 0, nullptr) == 1 ||
      X509_check_ip_asc(certificate, target.host.c_str(), 0) == 1) {
    return {};
  }
  return {ConnectProblem::kWrongHost,
          fmt::format("its certificate is for {}, not for {}", HostsOf(certificate), target.host)};
}

// Shakes hands as TLS does. OK, and the certificate's result is to be looked at; else what went wrong.
absl::Status Handshake(SSL* ssl, PlainSocket* socket) {
  while (true) {
    ERR_clear_error();
    int result = SSL_connect(ssl);
    if (result == 1) return absl::OkStatus();
    int error = SSL_get_error(ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return Internal("the handshake failed");
    PLUMB_RETURN_IF_ERROR(socket->WaitFor(error == SSL_ERROR_WANT_READ));
  }
}

// What is found behind a connection when TLS is spoken on it; `answered`: it was TLS that came back.
Diagnosis TryTls(const Route& route, PlainSocket* socket, bool* answered) {
  Owner<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return {};
  Trust(route.roots_pem, context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  Owner<SSL> ssl(SSL_new(context.get()));
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof kHttp2);
  SSL_set_tlsext_host_name(ssl.get(), route.target.host.c_str());
  SSL_set_fd(ssl.get(), socket->fd());
  absl::Status status = Handshake(ssl.get(), socket);
  Owner<X509> certificate(SSL_get1_peer_certificate(ssl.get()));
  *answered = certificate != nullptr;
  if (*answered) return JudgeCertificate(certificate.get(), SSL_get_verify_result(ssl.get()), route.target);
  if (absl::IsDeadlineExceeded(status)) return {ConnectProblem::kSilent, "it takes connections but does not answer"};
  return {ConnectProblem::kNeedsPlainText, "it does not speak TLS"};
}

absl::StatusOr<PlainSocket> Open(const Route& route, PlainSocket::TimePoint end, const Cancellation* cancellation,
                                 Diagnosis* diagnosis) {
  HostPort first = route.target;
  if (route.proxy.has_value()) first = {.host = route.proxy->host, .port = route.proxy->port};
  absl::StatusOr<PlainSocket> socket = PlainSocket::Connect(first, end, cancellation);
  if (!socket.ok()) {
    diagnosis->words = Message(socket.status());
    diagnosis->problem = route.proxy.has_value()                ? ConnectProblem::kProxyUnreachable
                         : absl::IsNotFound(socket.status())    ? ConnectProblem::kName
                         : absl::IsUnavailable(socket.status()) ? ConnectProblem::kRefused
                                                                : ConnectProblem::kSilent;
    return socket;
  }
  if (!route.proxy.has_value()) return socket;
  absl::Status asked = AskProxy(&*socket, *route.proxy, route.target);
  if (asked.ok()) return socket;
  *diagnosis = {absl::IsPermissionDenied(asked) ? ConnectProblem::kProxyRefused : ConnectProblem::kProxyUnreachable,
                std::string(Message(asked))};
  return asked;
}

}  // namespace

Diagnosis DiagnoseConnection(const Route& route, std::chrono::milliseconds time, const Cancellation* cancellation) {
  const auto end = std::chrono::steady_clock::now() + time;
  Diagnosis diagnosis;
  absl::StatusOr<PlainSocket> socket = Open(route, end, cancellation, &diagnosis);
  if (!socket.ok()) return diagnosis;
  bool speaks_tls = false;
  Diagnosis tls = TryTls(route, &*socket, &speaks_tls);
  if (route.tls) return tls;
  if (speaks_tls) return {ConnectProblem::kNeedsTls, "it speaks TLS, and plain text was tried"};
  return {ConnectProblem::kSilent, "something listens there, but it does not answer as a registry does"};
}

}  // namespace rpc
}  // namespace plumb
