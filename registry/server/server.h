// A registry that serves, in this process.
#ifndef PLUMB_REGISTRY_SERVER_SERVER_H_
#define PLUMB_REGISTRY_SERVER_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "registry/server/options.h"

namespace plumb {

// Serves from New until Shutdown. Thread-safe.
class Server {
 public:
  // Takes the address, opens the data folder, making it when missing, and serves; says so in the log. INVALID_ARGUMENT
  // (ErrorClass::kUsage) for options that cannot be; ErrorClass::kLocalStorage when the folder
  // cannot be used or belongs to a running server; UNAVAILABLE when the address is taken.
  static absl::StatusOr<std::unique_ptr<Server>> New(ServerOptions options);
  // Shuts down if that was not done.
  ~Server();

  // The port being served; the one that was picked when the options said 0.
  int port() const;
  // `host:port` with the host as the options name it.
  std::string address() const;
  // The file that holds the admin token's secret.
  std::string admin_token_file() const;

  // Reads the certificate anew, which happens by itself too when its files change. An error, and the one before stays,
  // when the files hold no pair. OK without TLS.
  absl::Status ReloadCertificate();

  // Health says NOT_SERVING, watchers end with UNAVAILABLE, running calls get
  // ServerOptions::stop_grace; returns when all is closed. A second call does nothing.
  void Shutdown();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_SERVER_H_
