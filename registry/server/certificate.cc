#include "registry/server/certificate.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <utility>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

constexpr uint64_t kPemBytesMax = 1u << 20;
constexpr std::chrono::seconds kLook(1);

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

absl::Status UsageError(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kUsage);
}

absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view what) {
  absl::StatusOr<std::string> text = ReadFile(path, kPemBytesMax);
  if (text.ok()) return text;
  return WithErrorClass(Annotate(text.status(), fmt::format("read the TLS {}", what)), ErrorClass::kUsage);
}

Bio OpenPem(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
}

std::string ExpiryOf(X509* certificate) {
  tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return "an unknown time";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min);
}

// gRPC takes files that do not fit together and then refuses every connection: look first.
absl::Status CheckPair(CertificatePair* pair) {
  Bio chain = OpenPem(pair->chain_pem);
  Bio key_bio = OpenPem(pair->key_pem);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr),
                                                          &X509_free);
  if (certificate == nullptr) return UsageError("the file of --tls-cert holds no PEM certificate");
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, const_cast<char*>("")), &EVP_PKEY_free);
  if (key == nullptr) return UsageError("the file of --tls-key holds no unencrypted PEM private key");
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return UsageError("the private key of --tls-key does not belong to the first certificate of --tls-cert");
  }
  pair->expires = ExpiryOf(certificate.get());
  return absl::OkStatus();
}

std::string StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "gone";
  return fmt::format("{}.{}.{}.{}", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

// gRPC's C++ layer has no credentials that ask; its core has.
class AskingCredentials final : public grpc::ServerCredentials {
 public:
  explicit AskingCredentials(std::shared_ptr<Certificate> certificate) : certificate_(std::move(certificate)) {
    credentials_ =
        grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_create_options_using_config_fetcher(
            GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, &AskingCredentials::Fetch, certificate_.get()));
  }
  ~AskingCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // Called for each connection.
  static grpc_ssl_certificate_config_reload_status Fetch(void* certificate,
                                                         grpc_ssl_server_certificate_config** config) {
    std::optional<CertificatePair> changed = static_cast<Certificate*>(certificate)->TakeChange();
    if (!changed.has_value()) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    grpc_ssl_pem_key_cert_pair pair{.private_key = changed->key_pem.c_str(), .cert_chain = changed->chain_pem.c_str()};
    // The core asserts that there are roots for the certificates of clients, although none is asked for one.
    *config = grpc_ssl_server_certificate_config_create(changed->chain_pem.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  std::shared_ptr<Certificate> certificate_;
  grpc_server_credentials* credentials_;
};

}  // namespace

absl::StatusOr<CertificatePair> ReadCertificatePair(const std::string& chain_file, const std::string& key_file) {
  CertificatePair pair;
  PLUMB_ASSIGN_OR_RETURN(pair.chain_pem, ReadPem(chain_file, "certificate"));
  PLUMB_ASSIGN_OR_RETURN(pair.key_pem, ReadPem(key_file, "key"));
  PLUMB_RETURN_IF_ERROR(CheckPair(&pair));
  return pair;
}

absl::StatusOr<std::shared_ptr<Certificate>> Certificate::New(std::string chain_file, std::string key_file) {
  PLUMB_ASSIGN_OR_RETURN(CertificatePair pair, ReadCertificatePair(chain_file, key_file));
  return std::shared_ptr<Certificate>(new Certificate(std::move(chain_file), std::move(key_file), std::move(pair)));
}

Certificate::Certificate(std::string chain_file, std::string key_file, CertificatePair pair)
    : chain_file_(std::move(chain_file)), key_file_(std::move(key_file)), pair_(std::move(pair)) {
  stamp_ = StampLocked();
  looked_ = Clock::now();
}

std::string Certificate::StampLocked() const { return StampOf(chain_file_) + " " + StampOf(key_file_); }

absl::Status Certificate::ReloadLocked() {
  looked_ = Clock::now();
  stamp_ = StampLocked();
  PLUMB_ASSIGN_OR_RETURN(CertificatePair pair, ReadCertificatePair(chain_file_, key_file_));
  if (pair.chain_pem == pair_.chain_pem && pair.key_pem == pair_.key_pem) return absl::OkStatus();
  pair_ = std::move(pair);
  taken_ = false;
  spdlog::info("the certificate was read anew; it expires on {}", pair_.expires);
  return absl::OkStatus();
}

absl::Status Certificate::Reload() {
  std::lock_guard lock(mutex_);
  return ReloadLocked();
}

std::optional<CertificatePair> Certificate::TakeChange() {
  std::lock_guard lock(mutex_);
  if (Clock::now() - looked_ >= kLook) {
    looked_ = Clock::now();
    if (StampLocked() != stamp_) {
      absl::Status status = ReloadLocked();
      if (!status.ok()) spdlog::error("the changed certificate is not used, the one before stays: {}", Message(status));
    }
  }
  if (taken_) return std::nullopt;
  taken_ = true;
  return pair_;
}

std::string Certificate::expires() const {
  std::lock_guard lock(mutex_);
  return pair_.expires;
}

std::shared_ptr<grpc::ServerCredentials> CertificateCredentials(std::shared_ptr<Certificate> certificate) {
  return std::make_shared<AskingCredentials>(std::move(certificate));
}

}  // namespace plumb
