// How to reach a registry.
#ifndef PLUMB_CLIENT_CONNECTION_OPTIONS_H_
#define PLUMB_CLIENT_CONNECTION_OPTIONS_H_

#include <chrono>
#include <functional>
#include <string>

#include "plumb/client/operation.h"

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
  // How long to go on trying while nobody answers: at first, and later on, each time counted anew from when something
  // last came. Only calls that may be repeated are.
  std::chrono::milliseconds connect_for = std::chrono::seconds(2);
  std::chrono::milliseconds retry_for = std::chrono::minutes(2);
  // A call has failed when the registry owes an answer for so long, or takes nothing that is sent to it.
  std::chrono::milliseconds stall_max = std::chrono::minutes(1);
  // Ends every call and every wait at once; may be null. Must outlive the connection.
  const Cancellation* cancellation = nullptr;
  // Called, one call at a time, with words for people when calls wait for the registry to come back, and with nothing
  // when it is there again.
  std::function<void(const std::string&)> waiting;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_CONNECTION_OPTIONS_H_
