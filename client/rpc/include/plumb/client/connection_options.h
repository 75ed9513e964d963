// How to reach a registry.
#ifndef PLUMB_CLIENT_CONNECTION_OPTIONS_H_
#define PLUMB_CLIENT_CONNECTION_OPTIONS_H_

#include <string>

namespace plumb {

// Whether to speak TLS.
enum class TlsMode {
  kAuto,  // Off for loopback addresses, on for every other host.
  kOn,
  kOff,
};

// Where to connect, and as whom.
struct ConnectionOptions {
  // `host[:port]`; the port defaults to 7070.
  std::string registry = "127.0.0.1:7070";
  // Secret of the caller's token; empty for an anonymous caller. Never sent in the clear
  // except to a loopback address or with TlsMode::kOff.
  std::string token;
  TlsMode tls = TlsMode::kAuto;
  // PEM file with the certificates to trust; empty for the system's.
  std::string ca_file;
  // Times a failed call is tried again while the server is not reachable.
  int retries = 4;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_CONNECTION_OPTIONS_H_
