// The certificate that the server shows, read anew when its files change.
#ifndef PLUMB_REGISTRY_SERVER_CERTIFICATE_H_
#define PLUMB_REGISTRY_SERVER_CERTIFICATE_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"

namespace plumb {

// A PEM certificate chain and its unencrypted key.
struct CertificatePair {
  std::string chain_pem;
  std::string key_pem;
  std::string expires;  // `2027-01-31 12:00 UTC`, of the first certificate.
};

// Reads and checks a pair. ErrorClass::kUsage when a file cannot be read, holds no such thing, or they do not belong
// together.
absl::StatusOr<CertificatePair> ReadCertificatePair(const std::string& chain_file, const std::string& key_file);

// Watches the two files. A pair that is wrong, as it is between the writing of one file and the other, is not taken:
// the one before stays. Thread-safe.
class Certificate {
 public:
  // As ReadCertificatePair.
  static absl::StatusOr<std::shared_ptr<Certificate>> New(std::string chain_file, std::string key_file);

  // The pair to show from now on, when it is another one than the caller was given last; none when nothing changed.
  // Looks at the files at most once a second.
  std::optional<CertificatePair> TakeChange();
  // Reads the files now. The error that ReadCertificatePair gives; the pair before stays then.
  absl::Status Reload();
  // When the pair in use expires.
  std::string expires() const;

 private:
  using Clock = std::chrono::steady_clock;
  Certificate(std::string chain_file, std::string key_file, CertificatePair pair);
  absl::Status ReloadLocked();
  // What tells that a file was written again.
  std::string StampLocked() const;

  const std::string chain_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  CertificatePair pair_;
  std::string stamp_;
  bool taken_ = false;
  Clock::time_point looked_;
};

// Credentials that show `certificate`, asked anew for each connection.
std::shared_ptr<grpc::ServerCredentials> CertificateCredentials(std::shared_ptr<Certificate> certificate);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_CERTIFICATE_H_
